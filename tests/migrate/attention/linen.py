"""What attention layers of real models do: partials in setup, caches of calls, checks, tables, lists by append."""
from functools import partial
from typing import Optional

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.linen.attention import dot_product_attention_weights


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


class Attention(nn.Module):
    size: int
    heads: int = 2
    rate: float = 0.0
    length: int = 12

    def setup(self):
        if self.size % self.heads:
            raise ValueError(f"{self.size} is no multiple of {self.heads}")
        assert self.length > 0, "no positions"
        dense = partial(nn.Dense, self.size, use_bias=False)
        # query, key and value
        self.query, self.key, self.value = dense(), dense(), dense(use_bias=True)
        self.out = dense()
        self.table = angles(self.length, self.size)
        self.causal = nn.make_causal_mask(jnp.ones((1, self.length)))

    @nn.compact
    def _cached(self, key, value):
        is_initialized = self.has_variable("cache", "cached_key")
        cached_key = self.variable("cache", "cached_key", jnp.zeros, key.shape, key.dtype)
        cached_value = self.variable("cache", "cached_value", jnp.zeros, value.shape, value.dtype)
        index = self.variable("cache", "index", lambda: jnp.array(0, jnp.int32))
        if is_initialized:
            start = (0, index.value, 0, 0)
            key = jax.lax.dynamic_update_slice(cached_key.value, key, start)
            value = jax.lax.dynamic_update_slice(cached_value.value, value, start)
            cached_key.value, cached_value.value = key, value
            index.value = index.value + 1
        return key, value

    def __call__(self, x, train: bool = False, cached: bool = False):
        length = x.shape[1]
        split = lambda y: y.reshape((*y.shape[:2], self.heads, self.size // self.heads))
        x = x + self.table[:length, : x.shape[-1]]
        query, key, value = split(self.query(x)), split(self.key(x)), split(self.value(x))
        if self.has_variable("cache", "cached_key") or cached:
            key, value = self._cached(key, value)
        rng = None
        if train and self.rate > 0.0:
            rng = self.make_rng("dropout")
        weights = dot_product_attention_weights(
            query, key, mask=self.causal[:, :, :length, :length], dropout_rng=rng, dropout_rate=self.rate, deterministic=not train
        )
        y = jnp.einsum("...hqk,...khd->...qhd", weights, value)
        return self.out(y.reshape((*y.shape[:2], self.size)))


class Block(nn.Module):
    size: int
    out: Optional[int] = None

    def setup(self):
        self.attention = Attention(self.size)
        self.shortcut = nn.Dense(self.out) if self.out is not None else None

    def __call__(self, x, train: bool = False):
        x = x + self.attention(x, train)
        if self.out is not None:
            x = self.shortcut(x)
        return x


@documented("Blocks, one after the other.")
class Stack(nn.Module):
    size: int
    depth: int = 2

    def setup(self):
        blocks = []
        for i in range(self.depth):
            wide = self.size if i == 0 else self.size * 1
            block = Block(wide)
            blocks.append(block)
        self.blocks = blocks
        self.head = Block(self.size, 3)

    def __call__(self, x, train: bool = False):
        for block in self.blocks:
            x = block(x, train)
        return self.head(x, train)


class Mean(nn.Module):
    """Running mean, and a position that decoding keeps."""

    size: int
    decode: bool = False

    @nn.compact
    def __call__(self, x, train: bool = False):
        started = self.has_variable("batch_stats", "mean")
        mean = self.variable("batch_stats", "mean", lambda size: jnp.zeros(size), (self.size,))
        if self.decode:
            position = self.variable("cache", "position", lambda: jnp.array(0, jnp.uint32))
            if started:
                position.value = position.value + 1
        if train and started:
            mean.value = 0.9 * mean.value + 0.1 * x.mean(0)
        return nn.Dense(3)(x - mean.value)
