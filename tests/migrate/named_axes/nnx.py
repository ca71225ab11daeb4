"""Norms as older versions of flax spell them: the axis of the features is a field, and `init` changes no statistics."""
from typing import Any, Callable, Tuple, Union

import flax.linen as nn
from flax import nnx
import jax.numpy as jnp
from jax import lax


def _absolute_dims(rank, dims):
    return tuple([rank + dim if dim < 0 else dim for dim in dims])


class Norm(nnx.Module):
    def __init__(
        self,
        in_features: int,
        axis: int = -1,
        momentum: float = 0.9,
        axis_name: Any = None,
        scale_init: Callable = nnx.initializers.ones,
        *,
        rngs: nnx.Rngs,
    ):
        self.axis = axis
        self.momentum = momentum
        self.axis_name = axis_name
        shape = (in_features,)
        self.mean = nnx.BatchStat(jnp.zeros(shape, jnp.float32))
        self.scale = nnx.Param(scale_init(rngs.params(), shape))

    def __call__(self, x, train: bool = False):
        x = jnp.asarray(x, jnp.float32)
        axis = self.axis if isinstance(self.axis, tuple) else (self.axis,)
        axis = _absolute_dims(x.ndim, axis)
        wide = tuple(d if i in axis else 1 for i, d in enumerate(x.shape))
        others = tuple(i for i in range(x.ndim) if i not in axis)
        running = self.mean
        mean = running[...]
        if train:
            mean = jnp.mean(x, axis=others)
            if self.axis_name is not None:
                mean = lax.pmean(mean, self.axis_name)
            # what was there before counts
            running[...] = self.momentum * running[...] + (1 - self.momentum) * mean
        return (x - mean.reshape(wide)) * self.scale[...].reshape(wide)


class Net(nnx.Module):
    def __init__(self, in_shape: tuple[int, ...], features: int, *, rngs: nnx.Rngs):
        self.norm_0 = Norm(features, rngs=rngs)
        self.conv = nnx.Conv(in_shape[-1], features, kernel_size=(3, 3), rngs=rngs)
        self.norm_1 = Norm(in_shape[-3], axis=1, momentum=0.5, rngs=rngs)

    def __call__(self, x, train: bool = False):
        x = self.norm_0(self.conv(x), train)
        return self.norm_1(x, train)


class Sized(nnx.Module):
    def __init__(self, in_features: int, patch: int = 2, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, patch, rngs=rngs)

    def __call__(self, x):
        return self.dense(x)


class Asks(nnx.Module):
    """The answer is read by more than conditions."""

    def __init__(self, *, rngs: nnx.Rngs):
        self.seen = nnx.BatchStat(jnp.zeros(()))

    def __call__(self, x, train: bool = False):
        initializing = False
        seen = self.seen
        if train and not initializing:
            seen[...] = seen[...] + 1.0
        return x * (1.0 + initializing)


class AnyAxes(nnx.Module):
    def __init__(
        self,
        scale_shape: tuple[int, ...],
        axis: Union[int, Tuple[int, ...]] = -1,
        *,
        rngs: nnx.Rngs,
    ):
        self.axis = axis
        self.scale = nnx.Param(nnx.initializers.ones(rngs.params(), scale_shape))

    def __call__(self, x):
        axis = self.axis if isinstance(self.axis, tuple) else (self.axis,)
        axis = _absolute_dims(x.ndim, axis)
        return x * self.scale[...]


class OtherAxes(nnx.Module):
    """All sizes but that of the axis."""

    def __init__(self, scale_shape: tuple[int, ...], axis: int = -1, *, rngs: nnx.Rngs):
        self.axis = axis
        self.scale = nnx.Param(nnx.initializers.ones(rngs.params(), scale_shape))

    def __call__(self, x):
        axis = _absolute_dims(x.ndim, (self.axis,))
        return x * jnp.expand_dims(self.scale[...], self.axis)


class OfAnother(nnx.Module):
    """The axis is counted in an array of another shape."""

    def __init__(self, scale_shape: tuple[int, ...], axis: int = -1, *, rngs: nnx.Rngs):
        self.axis = axis
        self.scale = nnx.Param(nnx.initializers.ones(rngs.params(), scale_shape))

    def __call__(self, x, y):
        axis = _absolute_dims(y.ndim, (self.axis,))
        return x * self.scale[...]


class Turned(nnx.Module):
    """The field counts the axes of what a reduction left."""

    def __init__(self, scale_shape: tuple[int, ...], axis: int = -1, *, rngs: nnx.Rngs):
        self.axis = axis
        self.scale = nnx.Param(nnx.initializers.ones(rngs.params(), scale_shape))

    def __call__(self, x):
        x = jnp.sum(x, axis=1)
        axis = _absolute_dims(x.ndim, (self.axis,))
        return x * self.scale[...]


class Frozen(nn.Module):
    @nn.compact
    def __call__(self, x):
        if self.is_mutable_collection("batch_stats"):
            x = x + 1.0
        return nn.Dense(3)(x)
