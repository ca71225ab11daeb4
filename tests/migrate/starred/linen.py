"""Shapes that are given with a star."""
import jax.numpy as jnp
from flax import linen as nn


class Heads(nn.Module):
    heads: int = 2

    @nn.compact
    def __call__(self, x):
        x = x.reshape(*x.shape[:-1], self.heads, 6)
        x = nn.Dense(5)(x)
        x = x.reshape(*x.shape[:-2], 5 * self.heads)
        return nn.Dense(3)(x)


class Pair(nn.Module):
    sizes: tuple[int, int] = (3, 4)

    @nn.compact
    def __call__(self, x):
        return nn.Dense(5)(x.reshape(-1, *self.sizes))


class AnyShape(nn.Module):
    """How many numbers there are nobody says."""

    sizes: tuple[int, ...]

    @nn.compact
    def __call__(self, x):
        return nn.Dense(5)(x.reshape(*self.sizes, 4, *self.sizes))


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


class Reads(nn.Module):
    def setup(self):
        self.own = nn.Dense(3)
        self.other = nn.Dense(3)

    def __call__(self, x, memory=None):
        x = self.own(x)
        if memory is not None:
            x = x + self.other(memory)
        return x


class HandsOn(nn.Module):
    """What it is given may be anything: no argument counts as left out."""

    def setup(self):
        self.reads = Reads()

    def __call__(self, *args, **kwargs):
        return self.reads(*args, **kwargs)


class Head(nn.Module):
    def setup(self):
        self.model = HandsOn()
        self.head = nn.Dense(2)

    def __call__(self, x, memory):
        return self.head(self.model(x, memory=memory))
