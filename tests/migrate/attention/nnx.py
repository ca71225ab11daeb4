"""What attention layers of real models do: partials in setup, caches of calls, checks, tables, lists by append."""
from typing import Optional

from flax import nnx
import jax
import jax.numpy as jnp


def angles(length, size):
    table = jnp.arange(length)[:, None] / (jnp.arange(size) + 1.0)
    if size > 2:
        table = table * 0.5
    return jnp.sin(table)


def documented(text):
    def decorate(cls):
        cls.__doc__ = text
        return cls

    return decorate


class Attention(nnx.Module):
    def __init__(
        self,
        in_features: int,
        size: int,
        heads: int = 2,
        rate: float = 0.0,
        length: int = 12,
        *,
        rngs: nnx.Rngs,
    ):
        self.size = size
        self.heads = heads
        self.rate = rate
        self.length = length
        self.rngs = rngs.fork()
        if size % heads:
            raise ValueError(f"{size} is no multiple of {heads}")
        assert self.length > 0, "no positions"
        # query, key and value
        self.query = nnx.Linear(in_features, size, use_bias=False, rngs=rngs)
        self.key = nnx.Linear(in_features, size, use_bias=False, rngs=rngs)
        self.value = nnx.Linear(in_features, size, use_bias=True, rngs=rngs)
        self.out = nnx.Linear(size, size, use_bias=False, rngs=rngs)
        self.table = angles(self.length, size)
        self.causal = nnx.make_causal_mask(jnp.ones((1, self.length)))

    def _cached(self, key, value):
        is_initialized = hasattr(self, "cached_key")
        cached_key = self._cache_variable("cached_key", jnp.zeros, key.shape, key.dtype)
        cached_value = self._cache_variable("cached_value", jnp.zeros, value.shape, value.dtype)
        index = self._cache_variable("index", lambda: jnp.array(0, jnp.int32))
        if is_initialized:
            start = (0, index[...], 0, 0)
            key = jax.lax.dynamic_update_slice(cached_key[...], key, start)
            value = jax.lax.dynamic_update_slice(cached_value[...], value, start)
            cached_key[...], cached_value[...] = key, value
            index[...] = index[...] + 1
        return key, value

    def __call__(self, x, train: bool = False, cached: bool = False):
        length = x.shape[1]
        split = lambda y: y.reshape((*y.shape[:2], self.heads, self.size // self.heads))
        x = x + self.table[:length, : x.shape[-1]]
        query, key, value = split(self.query(x)), split(self.key(x)), split(self.value(x))
        if hasattr(self, "cached_key") or cached:
            key, value = self._cached(key, value)
        rng = None
        if train and self.rate > 0.0:
            rng = self.rngs.dropout()
        weights = nnx.nn.attention.dot_product_attention_weights(
            query, key, mask=self.causal[:, :, :length, :length], dropout_rng=rng, dropout_rate=self.rate, deterministic=not train
        )
        y = jnp.einsum("...hqk,...khd->...qhd", weights, value)
        return self.out(y.reshape((*y.shape[:2], self.size)))

    def _cache_variable(self, name, init, *args):
        """The cache variable of this name, made when it is first asked for."""
        if not hasattr(self, name):
            setattr(self, name, nnx.Cache(init(*args)))
        return getattr(self, name)


class Block(nnx.Module):
    def __init__(
        self, in_features: int, size: int, out: Optional[int] = None, *, rngs: nnx.Rngs
    ):
        self.out = out
        self.attention = Attention(in_features, size, rngs=rngs)
        self.shortcut = (
            nnx.Linear(in_features, out, rngs=rngs) if out is not None else None
        )

    def __call__(self, x, train: bool = False):
        x = x + self.attention(x, train)
        if self.out is not None:
            x = self.shortcut(x)
        return x


@documented("Blocks, one after the other.")
class Stack(nnx.Module):
    def __init__(self, in_features: int, size: int, depth: int = 2, *, rngs: nnx.Rngs):
        self.blocks = nnx.List([])
        for i in range(depth):
            wide = size if i == 0 else size * 1
            self.blocks.append(Block(in_features, wide, rngs=rngs))
        self.head = Block(in_features, size, 3, rngs=rngs)

    def __call__(self, x, train: bool = False):
        for block in self.blocks:
            x = block(x, train)
        return self.head(x, train)


class Mean(nnx.Module):
    """Running mean, and a position that decoding keeps."""

    def __init__(
        self, in_features: int, size: int, decode: bool = False, *, rngs: nnx.Rngs
    ):
        self.decode = decode
        self.mean = nnx.BatchStat(jnp.zeros((size,)))
        if decode:
            self.position = nnx.Cache(jnp.array(0, jnp.uint32))
        self.dense = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x, train: bool = False):
        started = hasattr(self, "mean")
        mean = self.mean
        if self.decode:
            position = self.position
            if started:
                position[...] = position[...] + 1
        if train and started:
            mean[...] = 0.9 * mean[...] + 0.1 * x.mean(0)
        return self.dense(x - mean[...])
