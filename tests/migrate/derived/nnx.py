"""Attributes that setup computes from parameters."""
import flax.linen as nn
from flax import nnx
import jax
import jax.numpy as jnp


class Chain(nnx.Module):
    """A chain of matrices, near the identity at first."""

    def __init__(self, length: int, bond: int, scale: float = 0.5, *, rngs: nnx.Rngs):
        self.scale = scale
        d = bond
        # the identity, once for each site
        identity = jnp.repeat(jnp.eye(d)[None], length, axis=0)
        identity = identity.reshape(length, d, d)
        # the weights of all sites
        self.tensors_param = nnx.Param(
            nnx.initializers.normal()(rngs.params(), (length, d, d))
        )
        self.identity = identity
        self.log_gain = nnx.Param(nnx.initializers.zeros(rngs.params(), (d,)))
        self.left = nnx.Param(nnx.initializers.ones(rngs.params(), (d, d)))
        self.right = nnx.Param(nnx.initializers.normal()(rngs.params(), (d, d)))

    def __call__(self, x):
        return jax.vmap(self.contract)(x) @ self.mixed

    def contract(self, x):
        for tensor in self.tensors:
            x = x @ tensor
        return x * self.gain

    @property
    def tensors(self):
        return self.tensors_param[...] + self.identity

    @property
    def gain(self):
        return jnp.exp(self.log_gain[...] * self.scale)

    @property
    def mixed(self):
        return self.left[...] @ self.right[...]


class BoundAgain(nn.Module):
    """The name that the sum reads has another value later."""

    def setup(self):
        table = jnp.ones((3,))
        self.w = self.param("w", nn.initializers.normal(), (3,)) + table
        table = table * 2
        self.table = table

    def __call__(self, x):
        return x * self.w + self.table


class SetAgain(nn.Module):
    def setup(self):
        self.w = self.param("w", nn.initializers.normal(), (3,)) + 1
        self.w = self.w * 2

    def __call__(self, x):
        return x * self.w


class OfTheLayers(nn.Module):
    """A sum that reads what only another layer knows."""

    def setup(self):
        self.dense = nn.Dense(3)
        rows = self.dense(jnp.ones((1, 3)))
        self.w = self.param("w", nn.initializers.normal(), (3,)) + rows

    def __call__(self, x):
        return x * self.w


class Taken(nn.Module):
    """The name of the table is a method's."""

    def setup(self):
        table = jnp.ones((3,))
        self.w = self.param("w", nn.initializers.normal(), (3,)) + table

    def table(self):
        return 4

    def __call__(self, x):
        return x * self.w * self.table()
