"""Layers whose dtype is that of an array of the call."""
from collections.abc import Callable

import flax.linen as nn
from flax import nnx
import jax.numpy as jnp


def to_input_dtype(args, dtype):
    """Casts what a layer computes with to the dtype of its input, which comes first."""
    return nnx.nn.dtypes.promote_dtype(args, dtype=args[0].dtype)


class Mlp(nnx.Module):
    def __init__(
        self,
        in_features: int,
        hidden: int = 8,
        activation: Callable = nnx.gelu,
        *,
        rngs: nnx.Rngs,
    ):
        self.activation = activation
        self.layer_norm = nnx.LayerNorm(
            in_features, promote_dtype=lambda args, dtype: args, rngs=rngs
        )
        self.dense_in = nnx.Linear(
            in_features, hidden, promote_dtype=to_input_dtype, rngs=rngs
        )
        self.dense_out = nnx.Linear(
            hidden, in_features, use_bias=False, promote_dtype=to_input_dtype, rngs=rngs
        )

    def __call__(self, inputs):
        h = self.layer_norm(inputs).astype(inputs.dtype)
        h = self.dense_in(h)  # as wide as asked
        h = self.activation(h)
        return self.dense_out(h)


class Images(nnx.Module):
    """A name holds the dtype, which the rest of the call reads as well."""

    def __init__(
        self,
        in_features: int,
        mask_features: int,
        training: bool = False,
        *,
        rngs: nnx.Rngs,
    ):
        self.conv_0 = nnx.Conv(
            in_features, 4, kernel_size=(3, 3), promote_dtype=to_input_dtype, rngs=rngs
        )
        self.batch_norm = nnx.BatchNorm(
            4,
            use_running_average=not training,
            promote_dtype=lambda args, dtype: args,
            rngs=rngs,
        )
        self.conv_1 = nnx.Conv(
            4, 4, kernel_size=(3, 3), promote_dtype=to_input_dtype, rngs=rngs
        )
        self.dense = nnx.Linear(
            mask_features, 4, promote_dtype=to_input_dtype, rngs=rngs
        )
        self.group_norm = nnx.GroupNorm(
            4, num_groups=2, promote_dtype=lambda args, dtype: args, rngs=rngs
        )

    def __call__(self, x, mask):
        dtype = x.dtype
        y = self.conv_0(x)
        y = self.batch_norm(y).astype(y.dtype)
        y = self.conv_1((nnx.relu(y) + self.dense(mask.astype(dtype))).astype(dtype))
        return self.group_norm(y).astype(y.dtype) + jnp.ones((), dtype)


class Precise(nnx.Module):
    """The result of a promotion, and the dtype of another array."""

    def __init__(
        self, in_features: int, levels: tuple[int, ...] = (3, 4), *, rngs: nnx.Rngs
    ):
        self.levels = levels
        self.rms_norms = nnx.List([])
        self.dense_generals = nnx.List([])
        x_features = in_features
        for level in levels:
            self.rms_norms.append(
                nnx.RMSNorm(
                    x_features, promote_dtype=lambda args, dtype: args, rngs=rngs
                )
            )
            self.dense_generals.append(
                nnx.LinearGeneral(
                    x_features,
                    (level, 2),
                    axis=(-1,),
                    promote_dtype=to_input_dtype,
                    rngs=rngs,
                )
            )
            x_features = 2 * level
        self.embed = nnx.Embed(5, x_features, rngs=rngs)
        self.dense = nnx.Linear(x_features, 2, promote_dtype=to_input_dtype, rngs=rngs)

    def __call__(self, x, ids):
        wide = jnp.promote_types(x.dtype, jnp.float32)
        for level, rms_norm, dense_general in zip(
            self.levels, self.rms_norms, self.dense_generals
        ):
            x = rms_norm(x).astype(x.dtype)
            x = dense_general((x + 1).astype(wide))
            x = x.reshape(*x.shape[:-2], 2 * level)
        table = self.embed(ids)
        return self.dense((x * table).astype(jnp.result_type(x, table)))


class Named(nnx.Module):
    """A name that nothing else reads goes."""

    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 3, promote_dtype=to_input_dtype, rngs=rngs)

    def __call__(self, x):
        return self.dense(x)


class Late(nnx.Module):
    """Made here and called there, before the name has another value."""

    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense_layers = nnx.List([])
        self.layer_norms = nnx.List([])
        x_features = in_features
        for features in (4, 3):
            self.dense_layers.append(
                nnx.Linear(
                    x_features, features, promote_dtype=to_input_dtype, rngs=rngs
                )
            )
            self.layer_norms.append(
                nnx.LayerNorm(
                    x_features, promote_dtype=lambda args, dtype: args, rngs=rngs
                )
            )
            x_features = features

    def __call__(self, x):
        for dense_layer, layer_norm in zip(self.dense_layers, self.layer_norms):
            dense = dense_layer
            norm = layer_norm
            x = dense(x) * jnp.mean(norm(x).astype(x.dtype), axis=-1, keepdims=True)
        return x


class Heads(nnx.Module):
    """Queries, keys and values of one dtype."""

    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.multi_head_dot_product_attention = nnx.MultiHeadAttention(
            num_heads=2,
            in_features=in_features,
            qkv_promote_dtype=to_input_dtype,
            out_promote_dtype=to_input_dtype,
            attention_fn=lambda *args, module, **kwargs: nnx.dot_product_attention(
                *args, module=module or False, **kwargs
            ),
            decode=False,
            rngs=rngs,
        )
        self.self_attention = nnx.MultiHeadAttention(
            num_heads=2,
            in_features=in_features,
            dropout_rate=0.5,
            deterministic=True,
            qkv_promote_dtype=to_input_dtype,
            out_promote_dtype=to_input_dtype,
            decode=False,
            rngs=rngs,
        )

    def __call__(self, x, mask):
        x = self.multi_head_dot_product_attention(x, x, mask=mask)
        return self.self_attention(x)


class OrGiven(nnx.Module):
    """A field gives the dtype, or the input does."""

    def __init__(
        self, in_features: int, dtype: jnp.dtype | None = None, *, rngs: nnx.Rngs
    ):
        self.dtype = dtype
        self.dense_0 = nnx.Linear(
            in_features, 4, promote_dtype=to_input_dtype, rngs=rngs
        )
        self.dense_1 = nnx.Linear(4, 3, promote_dtype=to_input_dtype, rngs=rngs)

    def __call__(self, x):
        y = self.dense_0(x.astype(self.dtype or x.dtype))
        dtype = x.dtype if self.dtype is None else self.dtype
        return self.dense_1(y.astype(dtype))


def dense(x, features, name):
    return nn.Dense(features, dtype=x.dtype, name=name)(x)


class Outside(nnx.Module):
    """A function makes the layers."""

    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.hidden = nnx.Linear(
            in_features, 4, promote_dtype=to_input_dtype, rngs=rngs
        )
        self.out = nnx.Linear(4, 3, promote_dtype=to_input_dtype, rngs=rngs)

    def __call__(self, x):
        return self.out(nnx.relu(self.hidden(x)))


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


class ChangedElsewhere(nnx.Module):
    """One way through the call gives the input another dtype."""

    def __init__(self, in_features: int, wide: bool = False, *, rngs: nnx.Rngs):
        self.wide = wide
        self.dense_0 = nnx.Linear(
            in_features, 3, promote_dtype=to_input_dtype, rngs=rngs
        )
        self.dense_1 = nnx.Linear(3, 2, promote_dtype=to_input_dtype, rngs=rngs)

    def __call__(self, x):
        dtype = x.dtype
        if not self.wide:
            x = nnx.relu(x)
        else:
            x = x.astype(jnp.float32)
        x = self.dense_0(x.astype(dtype))
        return self.dense_1(x)


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
