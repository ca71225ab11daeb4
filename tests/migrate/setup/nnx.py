"""setup with lists, a Sequential, a parameter and two methods."""
from typing import Sequence

from flax import nnx
import jax.numpy as jnp
import numpy as np


class MLP(nnx.Module):
    def __init__(self, in_features: int, features: Sequence[int], *, rngs: nnx.Rngs):
        self.layers = nnx.List([])
        x_features = in_features
        for f in features:
            # the layers
            self.layers.append(nnx.Linear(x_features, f, rngs=rngs))
            x_features = f
        # output
        self.out = nnx.Linear(7, 3, rngs=rngs)
        self.seq = nnx.Sequential(
            nnx.Linear(x_features, 4, rngs=rngs), nnx.relu, nnx.Linear(4, 5, rngs=rngs)
        )
        self.pair = nnx.List([nnx.Linear(5, 6, rngs=rngs), nnx.Linear(6, 7, rngs=rngs)])
        self.bias = nnx.Param(nnx.initializers.zeros(rngs.params(), (3,)))

    def __call__(self, x):
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if i != len(self.layers) - 1:
                x = nnx.relu(x)
        x = self.seq(x)
        for p in self.pair:
            x = p(x)
        return self.out(x) + self.bias[...]

    def norm(self, x):
        return jnp.sum(self(x) ** 2)


def check(size):
    if size < 1:
        raise ValueError("no size")


class Positional(nnx.Module):
    """What setup does besides making layers goes to `__init__` as it stands."""

    def __init__(self, in_features: int, size: int, length: int = 5, *, rngs: nnx.Rngs):
        from math import ceil
        # a table
        table = np.zeros((length, size))
        # even
        table[:, 0::2] = np.sin(0.1 * np.arange(length)[:, None])
        for i in range(length):
            table[i, 1] = i
        check(size)
        self.table = jnp.asarray(table)
        self.dense = nnx.Linear(in_features, ceil(size), rngs=rngs)
        # nothing is made yet
        print("variables", nnx.state(self.dense))

    def __call__(self, x):
        return self.dense(x + self.table)


def shifted(table, size):
    assert size > 0
    width = jnp.ones(size)
    return table + width


class Shifted(nnx.Module):
    """What a function does with names of its own is none of `__init__`'s business."""

    def __init__(self, in_features: int, size: int, *, rngs: nnx.Rngs):
        width = size + 1
        self.table = shifted(jnp.arange(size), size)
        self.dense = nnx.Linear(in_features, width, rngs=rngs)

    def __call__(self, x):
        return self.dense(x + self.table)
