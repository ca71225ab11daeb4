"""Programs in which the mode of a model cannot be set exactly: their classes keep the flag."""
from flax import nnx


class InLambda(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(0.1, rngs=rngs)
        self.dense = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x, train: bool = True):
        return self.dropout(self.dense(x), deterministic=not train)


def predictor(key, x):
    model = InLambda(in_features=x.shape[-1], rngs=nnx.Rngs(key))
    return lambda x: model(x, train=False)


class Both(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(0.1, rngs=rngs)
        self.dense = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x, train: bool = True):
        return self.dropout(self.dense(x), deterministic=not train)


def both(key, x):
    model = Both(in_features=x.shape[-1], rngs=nnx.Rngs(key, dropout=key))
    nnx.reseed(model, dropout=key)
    return model(x, train=True) - model(x, train=False)


class InTest(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(0.1, rngs=rngs)
        self.dense = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x, train: bool = True):
        return self.dropout(self.dense(x), deterministic=not train)


def search(key, x):
    model = InTest(in_features=x.shape[-1], rngs=nnx.Rngs(key, dropout=key))
    while model(x, train=False).sum() > 0:
        nnx.reseed(model, dropout=key)
        x = model(x, train=True) - 1
    return x


class Merged(nnx.Module):
    def __init__(self, in_features: int, still: bool | None = None, *, rngs: nnx.Rngs):
        self.still = still
        self.dropout = nnx.Dropout(0.1, rngs=rngs)
        self.dense = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x, still: bool | None = None):
        still = still if still is not None else self.still
        return self.dropout(self.dense(x), deterministic=still)


def merged(key, x):
    model = Merged(in_features=x.shape[-1], still=True, rngs=nnx.Rngs(key))
    return model(x)


class Spread(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(0.1, rngs=rngs)
        self.dense = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x, train: bool = True):
        return self.dropout(self.dense(x), deterministic=not train)


def spread(key, x, **flags):
    model = Spread(in_features=x.shape[-1], rngs=nnx.Rngs(key))
    return model(x, **flags)


class Calls(nnx.Module):
    """Its other program sets its mode, but one is enough."""

    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(0.1, rngs=rngs)
        self.dense = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x, train: bool = True):
        return self.dropout(self.dense(x), deterministic=not train)


def calls(key, x):
    model = Calls(in_features=x.shape[-1], rngs=nnx.Rngs(key))
    return model(x, train=False)


def calls_in_list(key, x):
    model = Calls(in_features=x.shape[-1], rngs=nnx.Rngs(key))
    run = nnx.jit(lambda x: model(x, train=False))
    return [run(x), model(x, train=False)]
