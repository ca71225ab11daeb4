"""Explicit names: `name=` and `parent=` of module constructions, not of anything else."""
import functools
from functools import partial

import flax.linen as nn
import haiku as hk
import jax.numpy as jnp
import torch


class Block(nn.Module):  # NNX103: 12
    @nn.compact  # NNX101: 5
    def __call__(self, x):
        x = nn.Dense(4, name="first")(x)  # NNX110: 12 NNX105: 24
        x = nn.Dense(  # NNX110: 12
            features=4,
            name="second",  # NNX105: 12
        )(x)
        for i in range(3):
            x = nn.Dense(4, name=f"layer_{i}")(x)  # NNX110: 16 NNX105: 28
        dense = partial(nn.Dense, name="shared")  # NNX110: 16 NNX105: 34
        return dense(4)(x)  # NNX110: 15


class Net(nn.Module):  # NNX103: 10
    def setup(self):  # NNX102: 4
        self.block = Block(name="b0")  # NNX105: 27
        self.norm = nn.LayerNorm(name="norm")  # NNX110: 20 NNX105: 33
        self.detached = nn.Dense(3, parent=None)  # NNX110: 24 NNX105: 36

    def __call__(self, x):
        inner = Block(parent=None, name=None)  # NNX105: 22 NNX105: 35
        return self.norm(self.block(x)) + inner.bind({})(x)  # NNX310: 42


model = Block(name="top")  # NNX105: 14
nested = nn.Sequential([nn.Dense(3, name="a"), nn.relu])  # NNX110: 24 NNX105: 36 NNX113: 9
lifted = nn.remat(Block)(name="lifted")  # NNX105: 25 NNX503: 9


# ---- silent -------------------------------------------------------------------------------------------------------


class Named:
    def __init__(self, name, parent=None):
        self.name, self.parent = name, parent


class Params(nn.Module):  # noqa: NNX103
    def __call__(self, x):
        kernel = self.param(name="kernel", init_fn=nn.initializers.ones, shape=(3,))  # noqa: NNX201
        self.sow(col="intermediates", name="x", value=x)  # noqa: NNX203
        return x * kernel


thing = Named(name="x", parent=None)
haiku = hk.Linear(3, name="x")
parameter = torch.nn.Parameter(name="x")
bound = functools.partial(Named, name="x")
cloned = Params().clone(name="other")  # NNX210: 9
copied = Params().copy(name="other", parent=None)  # NNX210: 9
activation = nn.relu(jnp.ones(3))
arguments = dict(name="x", parent=None)


def load(name, parent=None):
    return Named(name=name, parent=parent)


def unknown(Block):
    return Block(name="x")


def typed(layer_cls: type, name: str):
    return layer_cls(3, name=name)


def other_dense():
    Dense = functools.partial(hk.Linear, name="x")
    return Dense(3)
