"""Functions that made layers and that nothing calls any more."""
import numpy as np
from flax import linen as nn
from flax import nnx


# the usual one
def public(x, n):
    """Others may import it."""
    return nn.tanh(nn.Dense(n)(x))


def _called(x, n):
    return nn.Dense(n)(x)


def _kept(x, n):
    return nn.Dense(n)(x)


def outside(x):
    return _called(x, 2)


class Net(nnx.Module):
    """Moves."""

    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense_0 = nnx.Linear(
            in_features, 3, kernel_init=nnx.initializers.constant(np.pi), rngs=rngs
        )
        self.dense_1 = nnx.Linear(in_features, 3, rngs=rngs)
        self.dense_2 = nnx.Linear(in_features, 3, rngs=rngs)
        self.dense_3 = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x):
        return self.dense_0(x) + nnx.tanh(self.dense_1(x)) + self.dense_2(x) + self.dense_3(x)


class Stays(nn.Module):
    @nn.compact
    def __call__(self, x):
        return _kept(x, 3) + self.perturb("x", x)
