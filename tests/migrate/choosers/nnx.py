"""Functions that choose the layer that they return."""
import functools

import jax.numpy as jnp
from flax import linen as nn
from flax import nnx


class Scale(nnx.Module):
    def __init__(
        self, in_features: int, dtype: jnp.dtype = jnp.float32, *, rngs: nnx.Rngs
    ):
        self.scale = nnx.Param(
            nnx.initializers.ones(rngs.params(), (in_features,), dtype)
        )

    def __call__(self, x):
        return x * self.scale[...]


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
    return nnx.relu(nn.BatchNorm(use_running_average=not is_training)(x))


class FeedForward(nnx.Module):
    def __init__(
        self,
        in_features: int,
        kind: str = "layer",
        dtype: jnp.dtype = jnp.float32,
        *,
        rngs: nnx.Rngs,
    ):
        if kind == "scale":
            self.norm_0 = Scale(in_features, dtype=dtype, rngs=rngs)
        elif kind == "layer":
            self.norm_0 = nnx.LayerNorm(
                in_features,
                dtype=dtype,
                promote_dtype=lambda args, dtype: args,
                rngs=rngs,
            )
        else:
            raise ValueError(f"Unknown norm {kind}")
        self.dense = nnx.Linear(in_features, 3, rngs=rngs)
        if kind == "scale":
            self.norm_1 = Scale(3, rngs=rngs)
        elif kind == "layer":
            self.norm_1 = nnx.LayerNorm(3, rngs=rngs)
        else:
            raise ValueError(f"Unknown norm {kind}")

    def __call__(self, x):
        x = self.norm_0(x)
        x = self.dense(x)
        return self.norm_1(x)


class Deep(nnx.Module):
    def __init__(
        self,
        in_features: int,
        kind: str | None,
        sizes: tuple[int, ...] = (3, 4),
        *,
        rngs: nnx.Rngs,
    ):
        self.kind = kind
        self.dense_layers_0 = nnx.List([])
        self.norms_0 = nnx.List([])
        x_features = in_features
        for size in sizes:
            self.dense_layers_0.append(nnx.Linear(x_features, size, rngs=rngs))
            if kind == "batch":
                self.norms_0.append(nnx.BatchNorm(size, epsilon=1e-5, rngs=rngs))
            elif kind in ("layer", "ln"):
                self.norms_0.append(nnx.LayerNorm(size, epsilon=1e-5, rngs=rngs))
            elif kind is None:
                self.norms_0.append(lambda x: x)
            else:
                raise ValueError(f"Unknown norm {kind}")
            x_features = size
        if kind == "batch":
            self.norm_1 = nnx.BatchNorm(4, epsilon=1e-3, rngs=rngs)
        elif kind in ("layer", "ln"):
            self.norm_1 = nnx.LayerNorm(4, epsilon=1e-3, rngs=rngs)
        elif kind is None:
            self.norm_1 = lambda x: x
        else:
            raise ValueError(f"Unknown norm {kind}")
        self.dense_1 = nnx.Linear(x_features, 4, rngs=rngs)
        if kind == "batch":
            self.out = nnx.BatchNorm(4, epsilon=1e-5, rngs=rngs)
        elif kind in ("layer", "ln"):
            self.out = nnx.LayerNorm(4, epsilon=1e-5, rngs=rngs)
        elif kind is None:
            self.out = lambda x: x
        else:
            raise ValueError(f"Unknown norm {kind}")

    def __call__(self, x, training: bool):
        for dense_0, norm_0 in zip(self.dense_layers_0, self.norms_0):
            x = dense_0(x)
            x = norm_0(x, use_running_average=not training) if self.kind == "batch" else norm_0(x)
        last = self.norm_1
        x = nnx.relu(last(self.dense_1(x), use_running_average=not training) if self.kind == "batch" else last(self.dense_1(x))) + 1
        return nnx.tanh(self.out(x, use_running_average=not training) if self.kind == "batch" else self.out(x)) + 1


class Two(nnx.Module):
    """Each of two fields chooses."""

    def __init__(self, in_features: int, first: str, second: str, *, rngs: nnx.Rngs):
        self.first = first
        self.second = second
        if first == "batch":
            self.norm_0 = nnx.BatchNorm(in_features, epsilon=1e-5, rngs=rngs)
        elif first in ("layer", "ln"):
            self.norm_0 = nnx.LayerNorm(in_features, epsilon=1e-5, rngs=rngs)
        elif first is None:
            self.norm_0 = lambda x: x
        else:
            raise ValueError(f"Unknown norm {first}")
        if second == "batch":
            self.norm_1 = nnx.BatchNorm(3, epsilon=1e-5, rngs=rngs)
        elif second in ("layer", "ln"):
            self.norm_1 = nnx.LayerNorm(3, epsilon=1e-5, rngs=rngs)
        elif second is None:
            self.norm_1 = lambda x: x
        else:
            raise ValueError(f"Unknown norm {second}")
        self.dense = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x, train: bool):
        x = self.norm_0(x, use_running_average=not train) if self.first == "batch" else self.norm_0(x)
        return self.norm_1(self.dense(x), use_running_average=not train) if self.second == "batch" else self.norm_1(self.dense(x))


class InSetup(nnx.Module):
    def __init__(
        self, in_features: int, kind: str, wide: bool = True, *, rngs: nnx.Rngs
    ):
        if kind == "scale":
            # before the head
            self.norm = Scale(in_features, rngs=rngs)
        elif kind == "layer":
            self.norm = nnx.LayerNorm(in_features, rngs=rngs)
        else:
            raise ValueError(f"Unknown norm {kind}")
        if wide:
            self.head = nnx.Linear(in_features, 4, rngs=rngs)
        else:
            self.head = nnx.Linear(in_features, 2, use_bias=False, rngs=rngs)

    def __call__(self, x):
        return self.head(self.norm(x))


class Flag(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.batch_norm = nnx.BatchNorm(in_features, rngs=rngs)

    def __call__(self, x, train):
        return nnx.relu(self.batch_norm(x + 1, use_running_average=not train))


def activation_norm(kind, train):
    match kind:
        case "batch" | "bn":
            return nn.BatchNorm(use_running_average=not train)
        case None:
            return lambda x: x
        case _:
            return nn.LayerNorm()


class Matched(nnx.Module):
    def __init__(
        self,
        in_features: int,
        activation_norm_num_features: int,
        dense_in_features: int,
        kind: str | None = "batch",
        width: int = 3,
        *,
        rngs: nnx.Rngs,
    ):
        # the wide one
        self.kind = kind
        self.width = width
        if kind == "batch":
            self.first = nnx.Linear(in_features, 2 * width, rngs=rngs)
        elif kind is None:
            # the narrow one
            self.first = nnx.Linear(in_features, width, use_bias=False, rngs=rngs)
        if kind in ("batch", "bn"):
            self.activation_norm = nnx.BatchNorm(
                activation_norm_num_features, rngs=rngs
            )
        elif kind is None:
            self.activation_norm = lambda x: x
        else:
            self.activation_norm = nnx.LayerNorm(
                activation_norm_num_features, rngs=rngs
            )
        if width == 3:
            self.dense = nnx.Linear(dense_in_features, 4, rngs=rngs)

    def __call__(self, x, train: bool):
        x = self.activation_norm(self.first(x), use_running_average=not train) if self.kind in ("batch", "bn") else self.activation_norm(self.first(x))
        match self.width:
            case 3:
                x = self.dense(x)
            case _:
                x = nnx.tanh(x)
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


class OfPartial(nnx.Module):
    def __init__(
        self,
        in_features: int,
        norm_type: str = "LN",
        dtype: jnp.dtype = jnp.float32,
        *,
        rngs: nnx.Rngs,
    ):
        self.norm_type = norm_type
        if norm_type != "BN":
            if norm_type != "LN":
                raise NotImplementedError
        if norm_type == "BN":
            self.norm = nnx.BatchNorm(4, momentum=0.9, dtype=jnp.float32, rngs=rngs)
        else:
            self.norm = nnx.LayerNorm(
                4, dtype=dtype, promote_dtype=lambda args, dtype: args, rngs=rngs
            )
        self.dense = nnx.Linear(in_features, 4, rngs=rngs)
        if norm_type == "BN":
            self.last = nnx.BatchNorm(4, momentum=0.9, dtype=jnp.float32, rngs=rngs)
        else:
            self.last = nnx.LayerNorm(
                4, dtype=dtype, promote_dtype=lambda args, dtype: args, rngs=rngs
            )

    def __call__(self, x, training: bool):
        x = self.norm(self.dense(x), use_running_average=not training) if self.norm_type == "BN" else self.norm(self.dense(x))
        return nnx.relu(self.last(x, use_running_average=not training) if self.norm_type == "BN" else self.last(x))


class InMethod(nnx.Module):
    def __init__(self, in_features: int, kind: str = "layer", *, rngs: nnx.Rngs):
        self.kind = kind
        self.norm_layers = nnx.List([])
        self.dense_layers = nnx.List([])
        x_features = in_features
        for n in range(2):
            if kind == "batch":
                self.norm_layers.append(nnx.BatchNorm(4, use_bias=n > 0, rngs=rngs))
            else:
                self.norm_layers.append(
                    nnx.LayerNorm(4, epsilon=1e-3, use_bias=n > 0, rngs=rngs)
                )
            self.dense_layers.append(nnx.Linear(x_features, 4, rngs=rngs))
            x_features = 4

    def __call__(self, x, train: bool):
        for norm_layer, dense in zip(self.norm_layers, self.dense_layers):
            x = norm_layer(dense(x), use_running_average=not train) if self.kind == "batch" else norm_layer(dense(x))
        return x


class RaisesInCall(nnx.Module):
    def __init__(self, in_features: int, kind: str, *, rngs: nnx.Rngs):
        self.kind = kind
        if kind == "layer":
            self.norm = nnx.LayerNorm(in_features, epsilon=1e-3, rngs=rngs)
        else:
            self.norm = nnx.RMSNorm(in_features, epsilon=1e-3, rngs=rngs)

    def __call__(self, x):
        if self.kind == "layer":
            pass
        elif self.kind == "rms":
            pass
        else:
            raise ValueError(self.kind)
        return self.norm(x)


def rounded(kernel, kind):
    """It chooses too, but what it does is done in the call."""
    if kind == "half":
        return jnp.round(kernel * 2) / 2
    if kind == "none":
        return kernel
    raise ValueError(kind)


class Rounded(nnx.Module):
    def __init__(self, in_features: int, kind: str = "none", *, rngs: nnx.Rngs):
        self.kind = kind
        self.kernel = nnx.Param(nnx.initializers.ones(rngs.params(), (in_features, 3)))

    def __call__(self, x):
        kernel = self.kernel[...]
        return x @ rounded(kernel, self.kind)
