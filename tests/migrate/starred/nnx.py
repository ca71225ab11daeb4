"""Shapes that are given with a star."""
import jax.numpy as jnp
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


class Filter(nnx.Module):
    def __init__(self, in_shape: tuple[int, ...], features: int, *, rngs: nnx.Rngs):
        self.features = features
        self.kernel = nnx.Param(
            nnx.initializers.normal()(rngs.params(), (in_shape[-2], features))
        )

    def __call__(self, x):
        kernel = self.kernel[...]
        y = jnp.einsum("bct,cf->bft", x.reshape(-1, x.shape[-2], 6), kernel)
        return y.reshape(*x.shape[:-2], self.features, 6)


class Added(nnx.Module):
    """An axis that is not always there: the one before the last is not that of the input."""

    def __init__(
        self, in_features: int, filter_in_shape: tuple[int, ...], *, rngs: nnx.Rngs
    ):
        self.scale = nnx.Param(nnx.initializers.ones(rngs.params(), (1, in_features)))
        self.filter = Filter(filter_in_shape, 3, rngs=rngs)

    def __call__(self, x):
        if x.ndim < 3:
            x = jnp.expand_dims(x, -2)
        x = x * self.scale[...]
        return self.filter(x)


class Filters(nnx.Module):
    """Each has another input, of a rank that nobody says."""

    def __init__(self, in_shape: tuple[int, ...], layers: int = 2, *, rngs: nnx.Rngs):
        self.layers = layers
        self.filters = nnx.List([])
        x_features = in_shape[-1]
        x_axis2 = in_shape[-2]
        for _ in range(layers):
            self.filters.append(Filter((x_axis2, x_features), 4, rngs=rngs))
            x_features = 6
            x_axis2 = 4

    def __call__(self, x):
        for each in range(self.layers):
            x = self.filters[each](x)
        return x


class Reads(nnx.Module):
    def __init__(self, in_features: int, memory_features: int, *, rngs: nnx.Rngs):
        self.own = nnx.Linear(in_features, 3, rngs=rngs)
        self.other = nnx.Linear(memory_features, 3, rngs=rngs)

    def __call__(self, x, memory=None):
        x = self.own(x)
        if memory is not None:
            x = x + self.other(memory)
        return x


class HandsOn(nnx.Module):
    """What it is given may be anything: no argument counts as left out."""

    def __init__(
        self, reads_in_features: int, reads_memory_features: int, *, rngs: nnx.Rngs
    ):
        self.reads = Reads(reads_in_features, reads_memory_features, rngs=rngs)

    def __call__(self, *args, **kwargs):
        return self.reads(*args, **kwargs)


class Head(nnx.Module):
    def __init__(
        self,
        model_reads_in_features: int,
        model_reads_memory_features: int,
        *,
        rngs: nnx.Rngs,
    ):
        self.model = HandsOn(
            model_reads_in_features, model_reads_memory_features, rngs=rngs
        )
        self.head = nnx.Linear(3, 2, rngs=rngs)

    def __call__(self, x, memory):
        return self.head(self.model(x, memory=memory))
