"""Lifted scan, and scans that are none."""
import functools

import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
from flax import linen, nnx
from flax.linen import scan as lifted_scan
from jax import lax


class Block(nn.Module):  # NNX103: 12
    @nn.compact  # NNX101: 5
    def __call__(self, x, _):
        return nn.relu(x), None


class Stack(nn.Module):  # NNX103: 12
    def setup(self):  # NNX102: 4
        self.cell = linen.SimpleCell(3)  # NNX110: 20
        self.blocks = nn.scan(Block, variable_axes={"params": 0}, length=2)()  # NNX501: 22
        self.step = lifted_scan(lambda module, x, y: (x, y), variable_broadcast="params")  # NNX501: 20

    @functools.partial(nn.scan, variable_broadcast="params", in_axes=1)  # NNX501: 5
    def method(self, carry, x):
        return self.cell(carry, x)

    def __call__(self, x):
        x, _ = self.blocks(x, None)
        transform = functools.partial(linen.transforms.scan, length=3)  # NNX501: 20
        return self.wrap(transform, nn.scan)  # NNX501: 36

    def wrap(self, *transforms):
        return transforms


# ---- silent -------------------------------------------------------------------------------------------------------

scan = lax.scan
total, _ = jax.lax.scan(lambda c, x: (c + x, None), 0.0, jnp.ones(3))
again, _ = scan(lambda c, x: (c + x, None), 0.0, jnp.ones(3))
partial = functools.partial(jax.lax.scan, length=3)
haiku = hk.scan(lambda c, x: (c, x), 0, jnp.ones(3))
layers = hk.experimental.layer_stack(3)


class Native(nnx.Module):
    def __init__(self, *, rngs: nnx.Rngs):
        self.blocks = nnx.List([nnx.Linear(3, 3, rngs=rngs)])

    def __call__(self, x):
        @nnx.scan(in_axes=(nnx.Carry, 0), out_axes=nnx.Carry)
        def forward(x, block):
            return block(x)

        return forward(x, self.blocks)


def scanned(nn, module):
    return nn.scan(module, length=3), module.scan(nn)


class Other:
    def scan(self, folder):
        return [self.scan(each) for each in folder]


names = ["nn.scan", nn.broadcast]
