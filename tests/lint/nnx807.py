"""Modules with dropout or statistics broadcast by `None`; carried, stateless and unknown modules stay silent."""
from functools import partial

import equinox as eqx
import flax.linen as nn
import jax
from flax import nnx


class Cell(nnx.Module):
    def __init__(self, rngs):
        self.layer = nnx.Linear(2, 2, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)


class Norm(nnx.Module):
    def __init__(self, rngs):
        self.norm = nnx.BatchNorm(2, rngs=rngs)


class Plain(nnx.Module):
    def __init__(self, rngs):
        self.layer = nnx.Linear(2, 2, rngs=rngs)


@nnx.scan(in_axes=(nnx.Carry, None, 0))  # NNX807: 30
def annotated(carry, cell: Cell, x):
    return carry, cell(x)


@partial(nnx.scan, in_axes=(None, nnx.Carry, 0))  # NNX807: 28
def also_partial(norm: Norm, carry, x):
    return carry, norm(x)


class Model(nnx.Module):
    def __init__(self, rngs):
        self.cell = Cell(rngs)
        self.norm = Norm(rngs)
        self.plain = Plain(rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        def step(carry, cell, x):
            return carry, cell(x)

        run = nnx.scan(step, in_axes=(nnx.Carry, None, 0))  # NNX807: 49
        y = run(0, self.cell, x)
        y = nnx.scan(step, in_axes=(nnx.Carry, None, 0))(0, self.norm, x)  # NNX807: 47
        y = nnx.vmap(lambda m, x: m(x), in_axes=(None, 0))(self.drop, x)  # NNX807: 49

        # ---- silent -----------------------------------------------------------------------------------------------

        y = nnx.scan(step, in_axes=(nnx.Carry, None, 0))(0, self.plain, x)
        y = nnx.scan(lambda c, x: (c, c(x)), in_axes=(nnx.Carry, 0))(self.cell, x)
        y = nnx.vmap(lambda m, x: m(x), in_axes=(0, 0))(self.drop, x)
        y = nnx.vmap(lambda m, x: m(x), in_axes=(None, 0))(self.plain, x)
        y = nnx.vmap(lambda m, x: m(x), in_axes=(None, 0))(self.norm, x)
        y = nnx.scan(lambda c, f, x: (c, f(x)), in_axes=(nnx.Carry, None, 0))(self.cell, len, x)
        return nnx.RNN(nnx.GRUCell(2, 2, rngs=nnx.Rngs(0)))(y)


def inference(cell: Cell, x, axes):
    y = nnx.vmap(lambda m, x: m(x), in_axes=(None, 0))(cell, x)  # NNX807: 45
    y = jax.vmap(lambda m, x: m(x), in_axes=(None, 0))(cell, x)
    y = nnx.scan(lambda c, m, x: (c, m(x)), in_axes=axes)(0, cell, x)
    return jax.lax.scan(lambda c, x: (c, x), y, x)


class Old(nn.Module):  # NNX103: 10
    @nn.compact  # NNX101: 5
    def __call__(self, x):
        return nn.vmap(nn.Dropout, in_axes=(None, 0))(0.5)(x)  # NNX111: 15 NNX502: 15


def equinox(cell: eqx.nn.Dropout, x):
    return eqx.filter_vmap(lambda m, x: m(x), in_axes=(None, 0))(cell, x)
