"""Functions that made layers and that nothing calls any more."""
import numpy as np
from flax import linen as nn


def _dense(x, n):
    # the usual one
    return nn.Dense(n, kernel_init=nn.initializers.constant(np.pi))(x)


def public(x, n):
    """Others may import it."""
    return nn.tanh(nn.Dense(n)(x))


def _called(x, n):
    return nn.Dense(n)(x)


def _kept(x, n):
    return nn.Dense(n)(x)


def outside(x):
    return _called(x, 2)


class Net(nn.Module):
    """Moves."""

    @nn.compact
    def __call__(self, x):
        return _dense(x, 3) + public(x, 3) + _called(x, 3) + _kept(x, 3)


class Stays(nn.Module):
    @nn.compact
    def __call__(self, x):
        return _kept(x, 3) + self.perturb("x", x)
