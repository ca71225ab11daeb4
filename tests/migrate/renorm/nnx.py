"""A copy of flax's BatchNorm that is told at its construction what only the call knows, and classes that are given it."""
from functools import partial
from typing import Any, Callable, Optional, Type

import flax.linen as nn
from flax import nnx
import jax
import jax.numpy as jnp
from flax.linen.module import merge_param
from flax.linen.normalization import _canonicalize_axes, _compute_stats, _normalize


class Renorm(nnx.Module):
    def __init__(
        self,
        in_features: int,
        use_running_average: Optional[bool] = None,
        axis: int = -1,
        momentum: float = 0.9,
        epsilon: float = 0.001,
        warmup: int = 0,
        dtype: Any = None,
        param_dtype: Any = jnp.float32,
        use_bias: bool = True,
        use_scale: bool = True,
        bias_init: Callable = nnx.initializers.zeros,
        scale_init: Callable = nnx.initializers.ones,
        *,
        rngs: nnx.Rngs,
    ):
        self.use_running_average = use_running_average
        self.axis = axis
        self.momentum = momentum
        self.epsilon = epsilon
        self.warmup = warmup
        self.dtype = dtype
        self.use_bias = use_bias
        self.use_scale = use_scale
        feature_shape = [in_features]
        self.mean = nnx.BatchStat(jnp.zeros(feature_shape, jnp.float32))
        self.var = nnx.BatchStat(jnp.ones(feature_shape, jnp.float32))
        self.most = nnx.BatchStat(jnp.asarray(3))
        self.steps = nnx.BatchStat(jnp.asarray(0))
        if use_scale:
            self.scale = nnx.Param(
                scale_init(rngs.params(), (in_features,), param_dtype)
            )
        if use_bias:
            self.bias = nnx.Param(bias_init(rngs.params(), (in_features,), param_dtype))

    def __call__(self, x, use_running_average: Optional[bool] = None):
        use_running_average = use_running_average if use_running_average is not None else self.use_running_average
        feature_axes = nnx.nn.normalization._canonicalize_axes(x.ndim, self.axis)
        reduction_axes = tuple(i for i in range(x.ndim) if i not in feature_axes)
        mean = self.mean
        var = self.var
        most = self.most
        steps = self.steps
        if use_running_average:
            used_mean, used_var = mean[...], var[...]
        else:
            used_mean, used_var = nnx.nn.normalization._compute_stats(
                x, reduction_axes, dtype=self.dtype, axis_name=None
            )
            # only after the warm-up
            ratio = jax.lax.stop_gradient(jnp.sqrt(used_var + self.epsilon) / jnp.sqrt(var[...] + self.epsilon))
            warm = jnp.greater_equal(steps[...], self.warmup).astype(jnp.float32)
            mean[...] = self.momentum * mean[...] + (1.0 - self.momentum) * used_mean
            used_var = used_var / jnp.clip(ratio, 1 / most[...], most[...]) ** warm
            steps[...] += 1
        return nnx.nn.normalization._normalize(
            x, used_mean, used_var,
            self.scale[...] if self.use_scale else None,
            self.bias[...] if self.use_bias else None,
            reduction_axes, feature_axes, self.dtype, self.epsilon,
        )


class Block(nnx.Module):
    def __init__(
        self,
        in_features: int,
        features: int,
        norm: Type[nnx.Module] = nnx.LayerNorm,
        *,
        rngs: nnx.Rngs,
    ):
        self.layer_norm = norm(features, rngs=rngs)
        self.dense = nnx.Linear(in_features, features, rngs=rngs)

    def __call__(
        self,
        x: jnp.ndarray,
        **norm_flags,
    ) -> jnp.ndarray:
        return self.layer_norm(self.dense(x), **norm_flags)


class Critic(nnx.Module):
    def __init__(
        self,
        in_features: int,
        widths: tuple = (3, 4),
        renorm: bool = True,
        *,
        rngs: nnx.Rngs,
    ):
        self.renorm = renorm
        if renorm:
            self.renorm_0 = Renorm(in_features, use_bias=False, rngs=rngs)
        else:
            self.renorm_1 = Renorm(in_features, rngs=rngs)
        self.blocks_0 = nnx.List([])
        self.blocks_1 = nnx.List([])
        x_features = in_features
        for width in widths:
            self.blocks_0.append(Block(x_features, width, rngs=rngs))
            self.blocks_1.append(
                Block(width, width, partial(Renorm, momentum=0.5), rngs=rngs)
            )
            x_features = width
        self.renorm_2 = Renorm(x_features, momentum=0.5, rngs=rngs)

    def __call__(self, x, train: bool = False):
        if self.renorm:
            x = self.renorm_0(x, use_running_average=not train)
        else:
            # made, and of no use
            self.renorm_1(x, use_running_average=not train)
        for block_0, block_1 in zip(self.blocks_0, self.blocks_1):
            x = block_0(x)
            x = block_1(nnx.relu(x), use_running_average=not train)
        return self.renorm_2(x, use_running_average=not train)


class Extractor(nnx.Module):
    def __init__(self, in_shape: tuple[int, ...], features: int, *, rngs: nnx.Rngs):
        self.conv = nnx.Conv(in_shape[-1], 2, kernel_size=(3, 3), rngs=rngs)
        self.dense = nnx.Linear(in_shape[-3] * in_shape[-2] * 2, features, rngs=rngs)

    def __call__(self, x):
        x = self.conv(x)
        return self.dense(x.reshape((x.shape[0], -1)))


class Policy(nnx.Module):
    def __init__(
        self,
        in_shape: tuple[int, ...],
        choices: Optional[int] = None,
        extractor: Optional[Type[Extractor]] = None,
        most: int = 0,
        bins: tuple = (),
        *,
        rngs: nnx.Rngs,
    ):
        # one more than that
        if choices is None:
            choices = 2
        if isinstance(extractor, int):
            raise ValueError('no class')
        bins = tuple(range(3))
        self.extractor = extractor
        if extractor is not None:
            self.extractor_layer = extractor(in_shape, choices + len(bins), rngs=rngs)
        self.dense = nnx.Linear(
            (choices + len(bins) if extractor is not None else in_shape[-1]),
            choices,
            rngs=rngs,
        )

    def __call__(self, x):
        if self.extractor is not None:
            x = self.extractor_layer(x)
        return self.dense(x)


class Doubles(nn.Module):
    width: int = 2

    def __post_init__(self):
        self.width = 2 * self.width
        super().__post_init__()

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.width)(x)


class Filled(nn.Module):
    width: int = 2

    def __post_init__(self):
        self.width = 3
        super().__post_init__()


class OfFilled(Filled):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.width)(x)


class Read(nn.Module):
    deterministic: Optional[bool] = None

    def rate(self):
        return 0.5 if self.deterministic else 0.0

    @nn.compact
    def __call__(self, x, deterministic: Optional[bool] = None):
        x = nn.Dense(3)(x)
        return x * self.rate() if merge_param("deterministic", self.deterministic, deterministic) else x


class GivesToReader(nn.Module):
    @nn.compact
    def __call__(self, x, train: bool = False):
        return Read(deterministic=not train)(x)


class AnyAxes(nn.Module):
    axes: tuple = (-1,)

    @nn.compact
    def __call__(self, x):
        feature_axes = _canonicalize_axes(x.ndim, self.axes)
        mean, var = _compute_stats(x, (0,), None)
        return _normalize(
            self, x, mean, var, (0,), feature_axes, None, jnp.float32, 1e-3, True, True, nn.initializers.zeros,
            nn.initializers.ones,
        )
