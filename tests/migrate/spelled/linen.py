"""Spellings that mean what others do, and remarks to a log."""
import logging

import jax.numpy as jnp
from flax import linen as nn


class Logged(nn.Module):
    width: int
    kind: str = "a"

    def setup(self):
        logging.info("making %s", self.__class__.__name__)
        logging.info(
            "%s of %s",
            type(self).__name__,  # which
            self.kind,
        )
        self.dense = nn.Dense(self.width)
        print("made", self.width)

    def __call__(self, x):
        return self.dense(x)


class Named(nn.Module):
    @nn.compact
    def __call__(self, x):
        w = self.param(name="w", init_fn=lambda *_: jnp.zeros(()))
        b = self.param("b", init_fn=nn.initializers.ones, shape=(3,))
        x = nn.Dense(3, name=f"project")(x)
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
