"""Shapes that are given with a star."""
import jax.numpy as jnp
from flax import linen as nn
from flax import nnx


class Heads(nnx.Module):
    def __init__(self, heads: int = 2, *, rngs: nnx.Rngs):
        self.heads = heads
        self.dense_0 = nnx.Linear(6, 5, rngs=rngs)
        self.dense_1 = nnx.Linear(5 * heads, 3, rngs=rngs)

    def __call__(self, x):
        x = x.reshape(*x.shape[:-1], self.heads, 6)
        x = self.dense_0(x)
        x = x.reshape(*x.shape[:-2], 5 * self.heads)
        return self.dense_1(x)


class Pair(nnx.Module):
    def __init__(self, sizes: tuple[int, int] = (3, 4), *, rngs: nnx.Rngs):
        self.sizes = sizes
        self.dense = nnx.Linear(sizes[1], 5, rngs=rngs)

    def __call__(self, x):
        return self.dense(x.reshape(-1, *self.sizes))


class AnyShape(nnx.Module):
    """How many numbers there are nobody says."""

    def __init__(
        self, dense_in_features: int, sizes: tuple[int, ...], *, rngs: nnx.Rngs
    ):
        self.sizes = sizes
        self.dense = nnx.Linear(dense_in_features, 5, rngs=rngs)

    def __call__(self, x):
        return self.dense(x.reshape(*self.sizes, 4, *self.sizes))


class Filter(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        kernel = self.param("kernel", nn.initializers.normal(), (x.shape[-2], self.features))
        y = jnp.einsum("bct,cf->bft", x.reshape(-1, x.shape[-2], 6), kernel)
        return y.reshape(*x.shape[:-2], self.features, 6)


class Added(nn.Module):
    """An axis that is not always there: the one before the last is not that of the input."""

    @nn.compact
    def __call__(self, x):
        if x.ndim < 3:
            x = jnp.expand_dims(x, -2)
        x = x * self.param("scale", nn.initializers.ones, (1, x.shape[-1]))
        return Filter(3)(x)


class Filters(nn.Module):
    """Each has another input, of a rank that nobody says."""

    layers: int = 2

    def setup(self):
        self.filters = [Filter(4) for _ in range(self.layers)]

    def __call__(self, x):
        for each in range(self.layers):
            x = self.filters[each](x)
        return x
