"""Models with a bridge inside whose `init` has no exact form, each in a program of its own."""
import jax
from flax import linen as nn


class Patches(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x, train: bool = False):
        return nn.BatchNorm(use_running_average=not train)(nn.ConvLocal(self.features, (3,))(x))


class Trains(nn.Module):
    """Updates its statistics where nobody says otherwise."""

    @nn.compact
    def __call__(self, x, train: bool = True):
        return Patches(4)(x, train=train)


class Plain(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.features)(x)


def statistics_would_change(x):
    model = Patches(4)
    variables = model.init(jax.random.key(0), x, train=True)
    return model.apply(variables, x)


def statistics_would_change_by_default(x):
    model = Trains()
    variables = model.init(jax.random.key(0), x)
    return model.apply(variables, x, train=False)


def flag_is_not_known(x, train):
    model = Patches(4)
    variables = model.init(jax.random.key(0), x, train)
    return model.apply(variables, x)


def on_the_spot(x):
    model = Patches(4)
    return model.apply(model.init(jax.random.key(0), x), x)


def compiled(x):
    model = Patches(4)
    variables = jax.jit(model.init)(jax.random.key(0), x)
    return model.apply(variables, x)


def only_given(variables, x):
    return Patches(4).apply(variables, x)


def arguments_are_not_written_out(x, **settings):
    model = Patches(4)
    variables = model.init(jax.random.key(0), x, **settings)
    return model.apply(variables, x)


def holds_none(x):
    """This one moves."""
    model = Plain(4)
    return model.apply(model.init(jax.random.key(0), x), x)
