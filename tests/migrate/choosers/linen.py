"""Functions that choose the layer that they return."""
import functools

import jax.numpy as jnp
from flax import linen as nn


class Scale(nn.Module):
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, x):
        return x * self.param("scale", nn.initializers.ones, x.shape[-1:], self.dtype)


def norm(kind, *args, **kwargs):
    if kind == "scale":
        return Scale(*args, **kwargs)
    elif kind == "layer":
        return nn.LayerNorm(*args, **kwargs)
    else:
        raise ValueError(f"Unknown norm {kind}")


def get_norm_layer(kind, train, eps=1e-5, name=None):
    """A layer, or what leaves its input as it is."""
    if kind == "batch":
        return nn.BatchNorm(use_running_average=not train, epsilon=eps, name=name)
    if kind in ("layer", "ln"):
        return nn.LayerNorm(epsilon=eps, name=name)  # without statistics
    if kind is None:
        return lambda x: x
    raise ValueError(f"Unknown norm {kind}")


def batch_norm(x, is_training):
    return nn.relu(nn.BatchNorm(use_running_average=not is_training)(x))


def _head(wide):
    if wide:
        return nn.Dense(4)
    return nn.Dense(2, use_bias=False)


class FeedForward(nn.Module):
    kind: str = "layer"
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, x):
        x = norm(self.kind, dtype=self.dtype)(x)
        x = nn.Dense(3)(x)
        return norm(self.kind)(x)


class Deep(nn.Module):
    kind: str | None
    sizes: tuple[int, ...] = (3, 4)

    @nn.compact
    def __call__(self, x, training: bool):
        for size in self.sizes:
            x = nn.Dense(size)(x)
            x = get_norm_layer(self.kind, training)(x)
        last = get_norm_layer(self.kind, train=training, eps=1e-3)
        x = nn.relu(last(nn.Dense(4)(x))) + 1
        return nn.tanh(get_norm_layer(self.kind, training, name="out")(x)) + 1


class Two(nn.Module):
    """Each of two fields chooses."""

    first: str
    second: str

    @nn.compact
    def __call__(self, x, train: bool):
        x = get_norm_layer(self.first, train)(x)
        return get_norm_layer(self.second, train)(nn.Dense(3)(x))


class InSetup(nn.Module):
    kind: str
    wide: bool = True

    def setup(self):
        # before the head
        self.norm = norm(self.kind)
        self.head = _head(self.wide)

    def __call__(self, x):
        return self.head(self.norm(x))


class Flag(nn.Module):
    @nn.compact
    def __call__(self, x, train):
        return batch_norm(x + 1, train)


def activation_norm(kind, train):
    match kind:
        case "batch" | "bn":
            return nn.BatchNorm(use_running_average=not train)
        case None:
            return lambda x: x
        case _:
            return nn.LayerNorm()


class Matched(nn.Module):
    kind: str | None = "batch"
    width: int = 3

    def setup(self):
        match self.kind:
            # the wide one
            case "batch":
                self.first = nn.Dense(2 * self.width)
            case None:
                # the narrow one
                self.first = nn.Dense(self.width, use_bias=False)

    @nn.compact
    def __call__(self, x, train: bool):
        x = activation_norm(self.kind, train)(self.first(x))
        match self.width:
            case 3:
                x = nn.Dense(4)(x)
            case _:
                x = nn.tanh(x)
        return x


def norm_layer(train, dtype, norm_type="BN"):
    """Normalization layer."""
    if norm_type == "BN":
        norm_fn = functools.partial(nn.BatchNorm, use_running_average=not train, momentum=0.9, dtype=jnp.float32)
    elif norm_type == "LN":
        norm_fn = functools.partial(nn.LayerNorm, dtype=dtype)
    else:
        raise NotImplementedError
    return norm_fn


class OfPartial(nn.Module):
    norm_type: str = "LN"
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, x, training: bool):
        norm_fn = norm_layer(training, self.dtype, self.norm_type)
        x = norm_fn()(nn.Dense(4)(x))
        return nn.relu(norm_fn(name="last")(x))


class InMethod(nn.Module):
    kind: str = "layer"

    @nn.compact
    def __call__(self, x, train: bool):
        if self.kind == "batch":
            norm = functools.partial(nn.BatchNorm, use_running_average=not train)
        else:
            norm = functools.partial(nn.LayerNorm, epsilon=1e-3)
        for n in range(2):
            x = norm(use_bias=n > 0)(nn.Dense(4)(x))
        return x


class RaisesInCall(nn.Module):
    kind: str

    @nn.compact
    def __call__(self, x):
        if self.kind == "layer":
            norm = functools.partial(nn.LayerNorm, epsilon=1e-3)
        elif self.kind == "rms":
            norm = functools.partial(nn.RMSNorm, epsilon=1e-3)
        else:
            raise ValueError(self.kind)
        return norm()(x)


def rounded(kernel, kind):
    """It chooses too, but what it does is done in the call."""
    if kind == "half":
        return jnp.round(kernel * 2) / 2
    if kind == "none":
        return kernel
    raise ValueError(kind)


class Rounded(nn.Module):
    kind: str = "none"

    @nn.compact
    def __call__(self, x):
        kernel = self.param("kernel", nn.initializers.ones, (x.shape[-1], 3))
        return x @ rounded(kernel, self.kind)
