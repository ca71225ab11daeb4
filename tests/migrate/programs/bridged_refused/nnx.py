"""Models with a bridge inside whose `init` has no exact form, each in a program of its own."""
import jax
from flax import linen as nn
from flax import nnx


class Patches(nnx.Module):
    def __init__(self, features: int, *, rngs: nnx.Rngs):
        self.batch_norm = nnx.BatchNorm(features, rngs=rngs)
        self.conv_local = nnx.bridge.ToNNX(nn.ConvLocal(features, (3,)), rngs=rngs)

    def __call__(self, x, train: bool = False):
        return self.batch_norm(self.conv_local(x), use_running_average=not train)


class Trains(nnx.Module):
    """Updates its statistics where nobody says otherwise."""

    def __init__(self, *, rngs: nnx.Rngs):
        self.patches = Patches(4, rngs=rngs)

    def __call__(self, x, train: bool = True):
        return self.patches(x, train=train)


class Plain(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, features, rngs=rngs)

    def __call__(self, x):
        return self.dense(x)


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


def only_given(model, x):
    return model(x)


def arguments_are_not_written_out(x, **settings):
    model = Patches(4)
    variables = model.init(jax.random.key(0), x, **settings)
    return model.apply(variables, x)


def holds_none(x):
    """This one moves."""
    model = Plain(x.shape[-1], 4, rngs=nnx.Rngs(0))
    return model(x)
