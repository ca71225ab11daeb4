"""Constants of class bodies, which are no fields."""
from typing import ClassVar

import jax.numpy as jnp
from flax import linen as nn


class Stack(nn.Module):
    widths = (32, 64)
    depth: ClassVar[int] = 2
    scale: float = 1.0

    @nn.compact
    def __call__(self, x):
        for i in range(self.depth):
            x = nn.relu(nn.Dense(int(self.widths[i] * self.scale))(x))
        return nn.Dense(self.widths[0])(x)


class Wide(Stack):
    widths = (128, 256)


class Uses(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(Wide()(x))


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
