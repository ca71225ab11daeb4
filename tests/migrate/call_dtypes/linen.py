"""Layers whose dtype is that of an array of the call."""
from collections.abc import Callable

import flax.linen as nn
import jax.numpy as jnp


class Mlp(nn.Module):
    hidden: int = 8
    activation: Callable = nn.gelu

    @nn.compact
    def __call__(self, inputs):
        h = nn.LayerNorm(dtype=inputs.dtype)(inputs)
        h = nn.Dense(self.hidden, dtype=h.dtype, name="dense_in")(h)  # as wide as asked
        h = self.activation(h)
        return nn.Dense(inputs.shape[-1], False, h.dtype, name="dense_out")(h)


class Images(nn.Module):
    """A name holds the dtype, which the rest of the call reads as well."""

    training: bool = False

    @nn.compact
    def __call__(self, x, mask):
        dtype = x.dtype
        y = nn.Conv(4, (3, 3), dtype=dtype)(x)
        y = nn.BatchNorm(use_running_average=not self.training, dtype=y.dtype)(y)
        y = nn.Conv(4, (3, 3), dtype=dtype)(nn.relu(y) + nn.Dense(4, dtype=dtype)(mask))
        return nn.GroupNorm(2, dtype=y.dtype)(y) + jnp.ones((), dtype)


class Precise(nn.Module):
    """The result of a promotion, and the dtype of another array."""

    levels: tuple[int, ...] = (3, 4)

    @nn.compact
    def __call__(self, x, ids):
        wide = jnp.promote_types(x.dtype, jnp.float32)
        for level in self.levels:
            x = nn.RMSNorm(dtype=x.dtype)(x)
            x = nn.DenseGeneral((level, 2), axis=(-1,), dtype=wide)(x + 1)
            x = x.reshape(*x.shape[:-2], 2 * level)
        table = nn.Embed(5, x.shape[-1])(ids)
        return nn.Dense(2, dtype=jnp.result_type(x, table))(x * table)


class Named(nn.Module):
    """A name that nothing else reads goes."""

    @nn.compact
    def __call__(self, x):
        dtype = x.dtype
        return nn.Dense(3, dtype=dtype)(x)


class Late(nn.Module):
    """Made here and called there, before the name has another value."""

    @nn.compact
    def __call__(self, x):
        for features in (4, 3):
            dense = nn.Dense(features, dtype=x.dtype)
            norm = nn.LayerNorm(dtype=x.dtype)
            x = dense(x) * jnp.mean(norm(x), axis=-1, keepdims=True)
        return x


class Heads(nn.Module):
    """Queries, keys and values of one dtype."""

    @nn.compact
    def __call__(self, x, mask):
        x = nn.MultiHeadDotProductAttention(2, x.dtype)(x, x, mask=mask)
        return nn.SelfAttention(2, dtype=x.dtype, dropout_rate=0.5, deterministic=True)(x)


class OrGiven(nn.Module):
    """A field gives the dtype, or the input does."""

    dtype: jnp.dtype | None = None

    @nn.compact
    def __call__(self, x):
        y = nn.Dense(4, dtype=self.dtype or x.dtype)(x)
        dtype = x.dtype if self.dtype is None else self.dtype
        return nn.Dense(3, dtype=dtype)(y)


def dense(x, features, name):
    return nn.Dense(features, dtype=x.dtype, name=name)(x)


class Outside(nn.Module):
    """A function makes the layers."""

    @nn.compact
    def __call__(self, x):
        return dense(nn.relu(dense(x, 4, "hidden")), 3, "out")


class Rebound(nn.Module):
    """The argument gives the name another value after the dtype was read."""

    @nn.compact
    def __call__(self, x):
        return nn.Dense(3, dtype=x.dtype)(x := x + 1)


class InLoop(nn.Module):
    """The input has another dtype in the second turn."""

    @nn.compact
    def __call__(self, x):
        dtype = x.dtype
        for _ in range(2):
            x = nn.LayerNorm(dtype=dtype)(x)
            x = x.astype(jnp.float32)
        return x


class OtherNorm(nn.Module):
    """What a norm computes with cannot be that of another array."""

    @nn.compact
    def __call__(self, x, y):
        return nn.LayerNorm(dtype=y.dtype)(x)


class Changed(nn.Module):
    """Not the dtype of the input any more."""

    @nn.compact
    def __call__(self, x):
        dtype = x.dtype
        x = x.astype(jnp.float32)
        return nn.LayerNorm(dtype=dtype)(x)


class ChangedElsewhere(nn.Module):
    """One way through the call gives the input another dtype."""

    wide: bool = False

    @nn.compact
    def __call__(self, x):
        dtype = x.dtype
        if not self.wide:
            x = nn.relu(x)
        else:
            x = x.astype(jnp.float32)
        x = nn.Dense(3, dtype=dtype)(x)
        return nn.Dense(2, dtype=x.dtype)(x)


class Perhaps(nn.Module):
    """A dtype that may be None, which is none to cast to."""

    @nn.compact
    def __call__(self, x, dtype=None):
        return nn.Dense(3, dtype=dtype)(x)


class TooLate(nn.Module):
    """Made here and called there, when the name has another value."""

    @nn.compact
    def __call__(self, x):
        dense = nn.Dense(3, dtype=x.dtype)
        x = jnp.tanh(x)
        return dense(x)


class Own(nn.Module):
    """Promotes by a function of its own."""

    @nn.compact
    def __call__(self, x):
        return nn.Dense(3, dtype=x.dtype, promote_dtype=lambda *arrays, dtype: arrays)(x)


class NormedHeads(nn.Module):
    """Norms inside of an attention."""

    @nn.compact
    def __call__(self, x):
        return nn.MultiHeadDotProductAttention(2, dtype=x.dtype, normalize_qk=True)(x)


class HandedOn(nn.Module):
    """Made here and called somewhere."""

    @nn.compact
    def __call__(self, x, y):
        dense = nn.Dense(3, dtype=x.dtype)
        return dense(x), list(map(dense, y))


class Cross(nn.Module):
    """Keys and values are cast one by one in Linen."""

    @nn.compact
    def __call__(self, x, y):
        return nn.MultiHeadDotProductAttention(2, dtype=x.dtype)(x, y)


class Table(nn.Module):
    """Gradients of rows that are looked up twice are added in the dtype."""

    @nn.compact
    def __call__(self, x, ids):
        return x + nn.Embed(5, 4, dtype=x.dtype)(ids)


class Inner(nn.Module):
    dtype: jnp.dtype

    def __call__(self, x):
        return x.astype(self.dtype)


class Outer(nn.Module):
    """A class of the file has the dtype as a field."""

    @nn.compact
    def __call__(self, x):
        return Inner(dtype=x.dtype)(x)


def normed(x, name):
    return nn.LayerNorm(dtype=x.dtype, name=name)(x)


class NormedOutside(nn.Module):
    """A function casts what it returns."""

    @nn.compact
    def __call__(self, x):
        return normed(x, "norm")
