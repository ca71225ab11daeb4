"""A copy of flax's BatchNorm that is told at its construction what only the call knows, and classes that are given it."""
from functools import partial
from typing import Any, Callable, Optional, Type

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.linen.module import merge_param
from flax.linen.normalization import _canonicalize_axes, _compute_stats, _normalize


class Renorm(nn.Module):
    use_running_average: Optional[bool] = None
    axis: int = -1
    momentum: float = 0.9
    epsilon: float = 0.001
    warmup: int = 0
    dtype: Any = None
    param_dtype: Any = jnp.float32
    use_bias: bool = True
    use_scale: bool = True
    bias_init: Callable = nn.initializers.zeros
    scale_init: Callable = nn.initializers.ones

    @nn.compact
    def __call__(self, x, use_running_average: Optional[bool] = None):
        use_running_average = merge_param("use_running_average", self.use_running_average, use_running_average)
        feature_axes = _canonicalize_axes(x.ndim, self.axis)
        reduction_axes = tuple(i for i in range(x.ndim) if i not in feature_axes)
        feature_shape = [x.shape[ax] for ax in feature_axes]
        mean = self.variable("batch_stats", "mean", lambda s: jnp.zeros(s, jnp.float32), feature_shape)
        var = self.variable("batch_stats", "var", lambda s: jnp.ones(s, jnp.float32), feature_shape)
        most = self.variable("batch_stats", "most", lambda s: s, 3)
        steps = self.variable("batch_stats", "steps", lambda s: s, 0)
        if use_running_average:
            used_mean, used_var = mean.value, var.value
        else:
            used_mean, used_var = _compute_stats(
                x, reduction_axes, dtype=self.dtype, axis_name=None if self.is_initializing() else None
            )
            if self.is_initializing():
                used_var = used_var * 1.0
            else:
                # only after the warm-up
                ratio = jax.lax.stop_gradient(jnp.sqrt(used_var + self.epsilon) / jnp.sqrt(var.value + self.epsilon))
                warm = jnp.greater_equal(steps.value, self.warmup).astype(jnp.float32)
                mean.value = self.momentum * mean.value + (1.0 - self.momentum) * used_mean
                used_var = used_var / jnp.clip(ratio, 1 / most.value, most.value) ** warm
                steps.value += 1
        return _normalize(
            self, x, used_mean, used_var, reduction_axes, feature_axes, self.dtype, self.param_dtype, self.epsilon,
            self.use_bias, self.use_scale, self.bias_init, self.scale_init,
        )


class Block(nn.Module):
    features: int
    norm: Type[nn.Module] = nn.LayerNorm

    @nn.compact
    def __call__(
        self,
        x: jnp.ndarray,
    ) -> jnp.ndarray:
        return self.norm()(nn.Dense(self.features)(x))


class Critic(nn.Module):
    widths: tuple = (3, 4)
    renorm: bool = True

    @nn.compact
    def __call__(self, x, train: bool = False):
        norm = partial(Renorm, use_running_average=not train, momentum=0.5)
        if self.renorm:
            x = Renorm(use_running_average=not train, use_bias=False)(x)
        else:
            # made, and of no use
            Renorm(use_running_average=not train)(x)
        for width in self.widths:
            x = Block(width)(x)
            x = Block(width, norm)(nn.relu(x))
        return norm()(x)


class Extractor(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        x = nn.Conv(2, (3, 3))(x)
        return nn.Dense(self.features)(x.reshape((x.shape[0], -1)))


class Policy(nn.Module):
    choices: Optional[int] = None
    extractor: Optional[Type[Extractor]] = None
    most: int = 0
    bins: tuple = ()

    def __post_init__(self):
        if self.choices is None:
            self.choices = 2
        if isinstance(self.extractor, int):
            raise ValueError("no class")
        # one more than that
        self.bins = tuple(range(3))
        super().__post_init__()

    @nn.compact
    def __call__(self, x):
        if self.extractor is not None:
            x = self.extractor(self.choices + len(self.bins))(x)
        return nn.Dense(self.choices)(x)


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
