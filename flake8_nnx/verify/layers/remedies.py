"""What makes an NNX layer compute what its Linen twin does, where an argument does not: to be copied into one's own code.

Each class is verified against its Linen layer, with Linen's variables one to one, by the rows of the table that name it.
"""
from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

ORTHOGONAL = nnx.initializers.orthogonal()


def pure_call(module: Any, method: Any, *args: Any, **kwargs: Any) -> Any:
    """A call of `method` that leaves the parameters of `module.layer_instance` alone, by giving it a clone of the layer."""
    layer = module.layer_instance
    module.layer_instance = nnx.clone(layer)
    try:
        return method(*args, **kwargs)
    finally:
        module.layer_instance = layer


class PureSpectralNorm(nnx.SpectralNorm):
    """Spectral norm whose call does not overwrite the weights of the layer, and which starts where Linen's does."""

    def __init__(self, layer: Any, *, n_steps: int = 1, rngs: nnx.Rngs) -> None:
        super().__init__(layer, n_steps=n_steps, rngs=rngs)
        for path, statistic in self.batch_stats.items():
            if path[-1] == "u":
                statistic.set_value(jax.random.normal(rngs.params(), statistic.shape))
        for path, weight in nnx.to_flat_state(nnx.state(layer, nnx.Param)):
            self._spectral_normalize_inplace(path, weight, update_stats=False)

    def __call__(self, x: Any, update_stats: bool | None = None) -> Any:
        return pure_call(self, super().__call__, x, update_stats)


class PureWeightNorm(nnx.Module):
    """Weight norm of the kernel of a layer, which does not overwrite it and trains its scale on any flax.

    `feature_axes` as in Linen: the axes that keep their own norm, None for one norm of all.
    """

    def __init__(
        self, layer: Any, feature_axes: int | None = -1, use_scale: bool = True, epsilon: float = 1e-12, *, rngs: nnx.Rngs
    ) -> None:
        self.layer_instance, self.feature_axes, self.epsilon = layer, feature_axes, epsilon
        shape = () if feature_axes is None else (layer.kernel.shape[feature_axes],)
        self.scale = nnx.Param(jnp.ones(shape)) if use_scale else nnx.data(None)
        layer.kernel.set_value(self.weight())  # as Linen's init does

    def __call__(self, x: Any) -> Any:
        return with_weights(self.layer_instance, kernel=self.weight())(x)

    def weight(self) -> Any:
        """The normalised kernel."""
        kernel = self.layer_instance.kernel[...]
        kept = None if self.feature_axes is None else self.feature_axes % kernel.ndim
        axes = tuple(axis for axis in range(kernel.ndim) if axis != kept)
        weight = kernel * jax.lax.rsqrt((kernel * kernel).sum(axis=axes, keepdims=True) + self.epsilon)
        if self.scale is not None:
            scale = self.scale[...]
            if kept is not None:
                scale = scale.reshape([kernel.shape[kept] if axis == kept else 1 for axis in range(kernel.ndim)])
            weight = weight * scale
        return weight


def with_weights(layer: Any, **weights: Any) -> Any:
    """A clone of a layer with these arrays as its parameters."""
    clone = nnx.clone(layer)
    for name, value in weights.items():
        setattr(clone, name, nnx.Param(value))
    return clone


def shaped(norm: Any, shape: tuple[int, ...]) -> Any:
    """An NNX norm of flat size with variables of Linen's shape, which has an axis for each feature axis."""
    for (name, *_), variable in nnx.to_flat_state(nnx.state(norm)):
        setattr(norm, str(name), variable.replace(variable.get_value().reshape(shape)))
    return norm


class GroupNormOverAxes(nnx.GroupNorm):
    """Group norm with `reduction_axes`, which ends with the feature axis, written out."""

    def __call__(self, x: Any) -> Any:
        groups = x.reshape(*x.shape[:-1], self.num_groups, self.group_size)
        axes = (*(axis % x.ndim for axis in self.reduction_axes[:-1]), groups.ndim - 1)
        mean, square = groups.mean(axes), jnp.square(groups).mean(axes)
        shape = [1 if axis in axes else size for axis, size in enumerate(x.shape)]
        mean, var = (
            jnp.repeat(statistic, self.group_size, axis=-1).reshape(shape)
            for statistic in (mean, jnp.maximum(0.0, square - jnp.square(mean)))
        )
        return (x - mean) * (jax.lax.rsqrt(var + self.epsilon) * self.scale[...]) + self.bias[...]


def decoding(attention: nnx.MultiHeadAttention, shape: tuple[int, ...], dtype: Any = jnp.float32) -> nnx.MultiHeadAttention:
    """The layer with its cache made, for inputs of this shape."""
    attention.init_cache(shape, dtype)
    return attention


class GRUCell(nnx.Module):
    """Linen's GRU cell: a kernel for each gate, and a bias on `hn`."""

    def __init__(
        self, in_features: int, features: int, *, dtype: Any = None, param_dtype: Any = jnp.float32,
        recurrent_kernel_init: Any = ORTHOGONAL, rngs: nnx.Rngs,
    ) -> None:  # fmt: skip
        types = {"dtype": dtype, "param_dtype": param_dtype}
        recurrent = {"kernel_init": recurrent_kernel_init, **types}
        self.features = features
        self.ir, self.iz, self.in_ = (nnx.Linear(in_features, features, **types, rngs=rngs) for _ in range(3))
        self.hr, self.hz = (nnx.Linear(features, features, use_bias=False, **recurrent, rngs=rngs) for _ in range(2))
        self.hn = nnx.Linear(features, features, **recurrent, rngs=rngs)

    def __call__(self, h: Any, x: Any) -> tuple[Any, Any]:
        r = nnx.sigmoid(self.ir(x) + self.hr(h))
        z = nnx.sigmoid(self.iz(x) + self.hz(h))
        n = jnp.tanh(self.in_(x) + r * self.hn(h))
        h = (1.0 - z) * n + z * h
        return h, h

    def initialize_carry(self, input_shape: tuple[int, ...], rngs: Any = None, carry_init: Any = None) -> Any:
        return jnp.zeros((*input_shape[:-1], self.features), self.hn.param_dtype)

    @property
    def num_feature_axes(self) -> int:
        return 1


class ConcatenatedLSTMCell(nnx.LSTMCell):
    """`nnx.OptimizedLSTMCell` on weights concatenated from a kernel for each gate, as a checkpoint would be converted."""

    def __call__(self, carry: Any, inputs: Any) -> Any:
        sizes = self.in_features, self.hidden_features
        types = {"dtype": self.dtype, "param_dtype": self.param_dtype, "recurrent_kernel_init": nnx.initializers.zeros}
        cell = nnx.eval_shape(lambda: nnx.OptimizedLSTMCell(*sizes, **types, rngs=nnx.Rngs(0)))
        recurrent = (self.hi, self.hf, self.hg, self.ho)
        cell.dense_i.kernel = nnx.Param(joined(layer.kernel for layer in (self.ii, self.if_, self.ig, self.io)))
        cell.dense_h.kernel = nnx.Param(joined(layer.kernel for layer in recurrent))
        cell.dense_h.bias = nnx.Param(joined(layer.bias for layer in recurrent))
        return cell(carry, inputs)


def joined(weights: Any) -> Any:
    return jnp.concatenate([weight[...] for weight in weights], axis=-1)


class MGUCell(nnx.Module):
    """Linen's minimal gated unit, which NNX does not have."""

    def __init__(self, in_features: int, features: int, reset_gate: bool = True, *, rngs: nnx.Rngs) -> None:
        recurrent = {"kernel_init": ORTHOGONAL, "rngs": rngs}
        self.reset_gate = reset_gate
        self.if_ = nnx.Linear(in_features, features, bias_init=nnx.initializers.ones, rngs=rngs)
        self.in_ = nnx.Linear(in_features, features, rngs=rngs)
        self.hf = nnx.Linear(features, features, use_bias=False, **recurrent)
        self.hn = nnx.Linear(features, features, use_bias=reset_gate, **recurrent)

    def __call__(self, h: Any, x: Any) -> tuple[Any, Any]:
        f = nnx.sigmoid(self.if_(x) + self.hf(h))
        candidate = self.hn(h)
        if self.reset_gate:
            candidate = candidate * f
        n = jnp.tanh(self.in_(x) + candidate)
        h = (1.0 - f) * n + f * h
        return h, h


class ConvLSTMCell(nnx.Module):
    """Linen's convolutional LSTM, which NNX does not have."""

    def __init__(self, in_features: int, features: int, kernel_size: tuple[int, ...], *, rngs: nnx.Rngs) -> None:
        self.ih = nnx.Conv(in_features, 4 * features, kernel_size, rngs=rngs)
        self.hh = nnx.Conv(features, 4 * features, kernel_size, rngs=rngs)

    def __call__(self, carry: tuple[Any, Any], x: Any) -> Any:
        c, h = carry
        i, g, f, o = jnp.split(self.ih(x) + self.hh(h), 4, axis=-1)
        c = nnx.sigmoid(f + 1) * c + nnx.sigmoid(i) * jnp.tanh(g)
        h = nnx.sigmoid(o) * jnp.tanh(c)
        return (c, h), h


class ConvLocal(nnx.Module):
    """Linen's convolution with a kernel for each output pixel, which NNX does not have: two axes, no dilation."""

    def __init__(
        self, in_features: int, features: int, kernel_size: tuple[int, int], output_size: tuple[int, int], *, rngs: nnx.Rngs
    ) -> None:
        self.kernel_size = kernel_size
        shape = (*output_size, kernel_size[0] * kernel_size[1] * in_features, features)
        self.kernel = nnx.Param(nnx.initializers.lecun_normal()(rngs.params(), shape))
        self.bias = nnx.Param(jnp.zeros((*output_size, features)))

    def __call__(self, x: Any) -> Any:
        y = jax.lax.conv_general_dilated_local(
            x, self.kernel[...], (1, 1), "VALID", self.kernel_size, dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        return y + self.bias[...]
