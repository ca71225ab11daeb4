"""Norms as older versions of flax spell them: the axis of the features is a field, and `init` changes no statistics."""
from typing import Any, Callable, Tuple, Union

import flax.linen as nn
import jax.numpy as jnp
from jax import lax


def _absolute_dims(rank, dims):
    return tuple([rank + dim if dim < 0 else dim for dim in dims])


class Norm(nn.Module):
    axis: int = -1
    momentum: float = 0.9
    axis_name: Any = None
    scale_init: Callable = nn.initializers.ones

    @nn.compact
    def __call__(self, x, train: bool = False):
        x = jnp.asarray(x, jnp.float32)
        axis = self.axis if isinstance(self.axis, tuple) else (self.axis,)
        axis = _absolute_dims(x.ndim, axis)
        wide = tuple(d if i in axis else 1 for i, d in enumerate(x.shape))
        shape = tuple(d for i, d in enumerate(x.shape) if i in axis)
        others = tuple(i for i in range(x.ndim) if i not in axis)
        initializing = self.is_mutable_collection("params")
        running = self.variable("batch_stats", "mean", lambda s: jnp.zeros(s, jnp.float32), shape)
        mean = running.value
        if train:
            mean = jnp.mean(x, axis=others)
            if self.axis_name is not None and not initializing:
                mean = lax.pmean(mean, self.axis_name)
            if not initializing:
                # what was there before counts
                running.value = self.momentum * running.value + (1 - self.momentum) * mean
        return (x - mean.reshape(wide)) * self.param("scale", self.scale_init, shape).reshape(wide)


class Net(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x, train: bool = False):
        x = Norm()(nn.Conv(self.features, (3, 3))(x), train)
        return Norm(axis=1, momentum=0.5)(x, train)


class Sized(nn.Module):
    patch: int = 2

    @nn.compact
    def __call__(self, x):
        size = self.patch if isinstance(self.patch, tuple) else (self.patch,)
        return nn.Dense(size[0])(x)


class Asks(nn.Module):
    """The answer is read by more than conditions."""

    @nn.compact
    def __call__(self, x, train: bool = False):
        initializing = self.is_mutable_collection("params")
        seen = self.variable("batch_stats", "seen", jnp.zeros, ())
        if train and not initializing:
            seen.value = seen.value + 1.0
        return x * (1.0 + initializing)


class AnyAxes(nn.Module):
    axis: Union[int, Tuple[int, ...]] = -1

    @nn.compact
    def __call__(self, x):
        axis = self.axis if isinstance(self.axis, tuple) else (self.axis,)
        axis = _absolute_dims(x.ndim, axis)
        shape = tuple(d for i, d in enumerate(x.shape) if i in axis)
        return x * self.param("scale", nn.initializers.ones, shape)


class OtherAxes(nn.Module):
    """All sizes but that of the axis."""

    axis: int = -1

    @nn.compact
    def __call__(self, x):
        axis = _absolute_dims(x.ndim, (self.axis,))
        shape = tuple(d for i, d in enumerate(x.shape) if i not in axis)
        return x * jnp.expand_dims(self.param("scale", nn.initializers.ones, shape), self.axis)


class OfAnother(nn.Module):
    """The axis is counted in an array of another shape."""

    axis: int = -1

    @nn.compact
    def __call__(self, x, y):
        axis = _absolute_dims(y.ndim, (self.axis,))
        shape = tuple(d for i, d in enumerate(x.shape) if i in axis)
        return x * self.param("scale", nn.initializers.ones, shape)


class Turned(nn.Module):
    """The field counts the axes of what a reduction left."""

    axis: int = -1

    @nn.compact
    def __call__(self, x):
        x = jnp.sum(x, axis=1)
        axis = _absolute_dims(x.ndim, (self.axis,))
        shape = tuple(d for i, d in enumerate(x.shape) if i in axis)
        return x * self.param("scale", nn.initializers.ones, shape)


class Frozen(nn.Module):
    @nn.compact
    def __call__(self, x):
        if self.is_mutable_collection("batch_stats"):
            x = x + 1.0
        return nn.Dense(3)(x)
