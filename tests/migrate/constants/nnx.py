"""Constants of class bodies, which are no fields."""
from typing import ClassVar

import jax.numpy as jnp
from flax import linen as nn
from flax import nnx


class Stack(nnx.Module):
    widths = (32, 64)
    depth: ClassVar[int] = 2

    def __init__(self, in_features: int, scale: float = 1.0, *, rngs: nnx.Rngs):
        self.dense_layers_0 = nnx.List([])
        x_features = in_features
        for i in range(self.depth):
            self.dense_layers_0.append(
                nnx.Linear(x_features, int(self.widths[i] * scale), rngs=rngs)
            )
            x_features = int(self.widths[i] * scale)
        self.dense_1 = nnx.Linear(x_features, self.widths[0], rngs=rngs)

    def __call__(self, x):
        for dense_0 in self.dense_layers_0:
            x = nnx.relu(dense_0(x))
        return self.dense_1(x)


class Wide(Stack):
    widths = (128, 256)


class Uses(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(128, 3, rngs=rngs)
        self.wide = Wide(in_features, rngs=rngs)

    def __call__(self, x):
        return self.dense(self.wide(x))


class Grown(nn.Module):
    """A list may hold something else when the model is called."""

    widths = [1]

    @nn.compact
    def __call__(self, x):
        self.widths.append(3)
        return nn.Dense(self.widths[0])(x)


class Twice(nn.Module):
    width = 3
    width = width + 1

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.width)(x)


class Computed(nn.Module):
    width = len(jnp.ones(3))

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.width)(x)


class Hidden(nn.Module):
    width = 3

    def __getattr__(self, name):
        return 4

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.other)(x)
