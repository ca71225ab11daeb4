"""setup with lists, a Sequential, a parameter and two methods."""
from typing import Sequence

import flax.linen as nn
import jax.numpy as jnp
import numpy as np


class MLP(nn.Module):
    features: Sequence[int]

    def setup(self):
        # the layers
        self.layers = [nn.Dense(f) for f in self.features]
        self.out = nn.Dense(3)  # output
        self.seq = nn.Sequential([nn.Dense(4), nn.relu, nn.Dense(5)])
        self.pair = [nn.Dense(6), nn.Dense(7)]
        self.bias = self.param("bias", nn.initializers.zeros, (3,))

    def __call__(self, x):
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if i != len(self.layers) - 1:
                x = nn.relu(x)
        x = self.seq(x)
        for p in self.pair:
            x = p(x)
        return self.out(x) + self.bias

    def norm(self, x):
        return jnp.sum(self(x) ** 2)


def check(size):
    if size < 1:
        raise ValueError("no size")


class Positional(nn.Module):
    """What setup does besides making layers goes to `__init__` as it stands."""

    size: int
    length: int = 5

    def setup(self):
        from math import ceil

        # a table
        table = np.zeros((self.length, self.size))
        table[:, 0::2] = np.sin(0.1 * np.arange(self.length)[:, None])  # even
        for i in range(self.length):
            table[i, 1] = i
        check(self.size)
        self.table = jnp.asarray(table)
        self.dense = nn.Dense(ceil(self.size))
        # nothing is made yet
        print("variables", self.dense.variables)

    def __call__(self, x):
        return self.dense(x + self.table)


def shifted(table, size):
    assert size > 0
    width = jnp.ones(size)
    return table + width


class Shifted(nn.Module):
    """What a function does with names of its own is none of `__init__`'s business."""

    size: int

    def setup(self):
        width = self.size + 1
        self.table = shifted(jnp.arange(self.size), self.size)
        self.dense = nn.Dense(width)

    def __call__(self, x):
        return self.dense(x + self.table)
