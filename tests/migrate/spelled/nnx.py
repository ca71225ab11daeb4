"""Spellings that mean what others do, and remarks to a log."""
import logging

import jax.numpy as jnp
from flax import linen as nn
from flax import nnx


class Logged(nnx.Module):
    def __init__(
        self, in_features: int, width: int, kind: str = "a", *, rngs: nnx.Rngs
    ):
        logging.info("making %s", self.__class__.__name__)
        # which
        logging.info('%s of %s', type(self).__name__, kind)
        self.dense = nnx.Linear(in_features, width, rngs=rngs)
        print("made", width)

    def __call__(self, x):
        return self.dense(x)


class Named(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.w = nnx.Param(jnp.zeros(()))
        self.b = nnx.Param(nnx.initializers.ones(rngs.params(), shape=(3,)))
        self.project = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x):
        w = self.w[...]
        b = self.b[...]
        x = self.project(x)
        return x * w + b


class Handed(nn.Module):
    """What is done to it here, nobody can tell."""

    width: int

    def setup(self):
        logging.info("making %s", self)
        self.dense = nn.Dense(self.width)

    def __call__(self, x):
        return self.dense(x)


class Counted(nn.Module):
    layers: tuple[str, ...]

    @nn.compact
    def __call__(self, x):
        for layer in self.layers:
            x = nn.Dense(3, name=f"{layer}")(x)
        return x
