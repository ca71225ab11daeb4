"""Model classes as values: given to the function that makes the model, one of several variants."""
from functools import partial

from flax import nnx


class Net(nnx.Module):
    def __init__(
        self, in_features: int, features: int, depth: int = 1, *, rngs: nnx.Rngs
    ):
        self.dense_layers = nnx.List([])
        x_features = in_features
        for _ in range(depth):
            self.dense_layers.append(nnx.Linear(x_features, features, rngs=rngs))
            x_features = features

    def __call__(self, x):
        for dense in self.dense_layers:
            x = dense(x)
        return x


Deep = partial(Net, depth=3)


def create(*, cls, in_features: int, rngs: nnx.Rngs, **kwargs):
    return cls(in_features=in_features, features=4, **kwargs, rngs=rngs)


def evaluate(x):
    model = create(cls=Deep, in_features=3, rngs=nnx.Rngs(0))
    return model(x)


def other_depth(x):
    model = create(cls=Net, depth=2, in_features=x.shape[-1], rngs=nnx.Rngs(0))
    return model(x)
