"""Programs in which the mode of a model cannot be set exactly: their classes keep the flag."""
import flax.linen as nn
import jax


class InLambda(nn.Module):
    @nn.compact
    def __call__(self, x, train: bool = True):
        return nn.Dropout(0.1)(nn.Dense(3)(x), deterministic=not train)


def predictor(key, x):
    model = InLambda()
    variables = model.init(key, x, False)
    return lambda x: model.apply(variables, x, train=False)


class Both(nn.Module):
    @nn.compact
    def __call__(self, x, train: bool = True):
        return nn.Dropout(0.1)(nn.Dense(3)(x), deterministic=not train)


def both(key, x):
    model = Both()
    variables = model.init(key, x, False)
    return model.apply(variables, x, train=True, rngs={"dropout": key}) - model.apply(variables, x, train=False)


class InTest(nn.Module):
    @nn.compact
    def __call__(self, x, train: bool = True):
        return nn.Dropout(0.1)(nn.Dense(3)(x), deterministic=not train)


def search(key, x):
    model = InTest()
    variables = model.init(key, x, False)
    while model.apply(variables, x, train=False).sum() > 0:
        x = model.apply(variables, x, train=True, rngs={"dropout": key}) - 1
    return x


class Merged(nn.Module):
    still: bool | None = None

    @nn.compact
    def __call__(self, x, still: bool | None = None):
        still = nn.merge_param("still", self.still, still)
        return nn.Dropout(0.1)(nn.Dense(3)(x), deterministic=still)


def merged(key, x):
    model = Merged(still=True)
    variables = model.init(key, x)
    return model.apply(variables, x)


class Spread(nn.Module):
    @nn.compact
    def __call__(self, x, train: bool = True):
        return nn.Dropout(0.1)(nn.Dense(3)(x), deterministic=not train)


def spread(key, x, **flags):
    model = Spread()
    variables = model.init(key, x, False)
    return model.apply(variables, x, **flags)


class Calls(nn.Module):
    """Its other program sets its mode, but one is enough."""

    @nn.compact
    def __call__(self, x, train: bool = True):
        return nn.Dropout(0.1)(nn.Dense(3)(x), deterministic=not train)


def calls(key, x):
    model = Calls()
    variables = model.init(key, x, False)
    return model.apply(variables, x, train=False)


def calls_in_list(key, x):
    model = Calls()
    variables = model.init(key, x, False)
    run = jax.jit(lambda x: model.apply(variables, x, train=False))
    return [run(x), model.apply(variables, x, train=False)]
