"""Names that NNX does not have; present names, `.value` of other objects and other libraries' names stay silent."""
import enum

import flax.linen as nn
import haiku as hk
import jax
import optax
from flax import nnx
from flax.nnx import Dense, Linear  # NNX822: 21


class Mode(enum.Enum):
    TRAIN = 1


class Net(nnx.Module):
    def __init__(self, rngs):
        self.scale = nnx.Param(1.0)
        self.mean = nnx.BatchStat(0.0)
        self.layer = nnx.Linear(2, 2, rngs=rngs)
        self.mode = Mode.TRAIN
        self.rngs = rngs
        rngs.fork(split=2)

    def __call__(self, x):
        self.mean.value = x  # NNX822: 8
        x = x * self.scale.value  # NNX822: 16
        return x @ self.layer.kernel.value + self.mode.value  # NNX822: 19


def names(model: Net, x, rngs: nnx.Rngs):
    a = nnx.state(model, nnx.BatchStats)  # NNX822: 25
    b = nnx.pop(model, nnx.Intermediates)  # NNX822: 23
    c = nnx.Dense(2)(x)  # NNX822: 8
    d = nnx.with_sharding_constraint(x, None)  # NNX822: 8
    e = rngs.fork(split=2)  # NNX822: 8
    f = nnx.VariableState  # NNX822: 8
    return a, b, c, d, e, f, Dense


# ---- silent -------------------------------------------------------------------------------------------------------


def right(model: Net, x, rngs: nnx.Rngs, unknown):
    a = nnx.state(model, nnx.BatchStat)
    b = nnx.pop(model, nnx.Intermediate)
    c = Linear(2, 2, rngs=rngs)(x)
    d = jax.lax.with_sharding_constraint(x, None)
    e = rngs.fork(), rngs.split(2)
    f = model.scale[...], model.scale.get_value(), Mode.TRAIN.value, unknown.value, model.mode.value
    try:
        g = nnx.VariableState
    except AttributeError:
        g = nnx.Variable
    return a, b, c, d, e, f, g, unknown.fork(split=2)


def others(x):
    return nn.standardize(x), hk.Linear(2), optax.Params, jax.checkpoint(len), x.BatchStats


class Plain:
    def __init__(self):
        self.scale = Mode.TRAIN

    def read(self):
        return self.scale.value
