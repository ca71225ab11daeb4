"""Functions that choose layers, in ways that are not exact or cannot be followed."""
import functools

import jax.numpy as jnp
from flax import linen as nn

epsilon = 1e-3


def norm(kind, *args, **kwargs):
    if kind == "scale":
        return nn.RMSNorm(*args, **kwargs)
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


class Scale(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x * self.param("scale", nn.initializers.ones, x.shape[-1:])


def scaled(kind):
    """A class that stays Linen makes what this returns."""
    if kind == "scale":
        return Scale()
    return nn.LayerNorm()


class Uses(nn.Module):
    @nn.compact
    def __call__(self, x, kind="scale"):
        return scaled(kind)(x)


def other(kind):
    if kind:
        return nn.LayerNorm(epsilon=epsilon)
    return nn.RMSNorm()


def counted(kind, **kwargs):
    kwargs.pop("dtype", None)
    if kind:
        return nn.LayerNorm(**kwargs)
    return nn.RMSNorm(**kwargs)


class OfTheCall(nn.Module):
    @nn.compact
    def __call__(self, x, kind="layer"):
        return norm(kind)(x)


class SameName(nn.Module):
    """A field has the name of what the function reads."""

    epsilon: float = 0.1

    @nn.compact
    def __call__(self, x):
        return other(self.epsilon > 1)(x)


class HandedOn(nn.Module):
    kind: str

    @nn.compact
    def __call__(self, x):
        return nn.Sequential([norm(self.kind), nn.Dense(3)])(x)


class HandedOnByName(nn.Module):
    kind: str

    @nn.compact
    def __call__(self, x):
        layer = norm(self.kind)
        return nn.Sequential([layer, nn.Dense(3)])(x)


class Changes(nn.Module):
    """The function changes what it is given."""

    kind: bool

    @nn.compact
    def __call__(self, x):
        return counted(self.kind, dtype=jnp.float32)(x)


class Starred(nn.Module):
    options: dict

    @nn.compact
    def __call__(self, x):
        return norm("layer", **self.options)(x)


class Again(nn.Module):
    kind: str

    def normed(self, x):
        return norm(self.kind)(x)

    @nn.compact
    def __call__(self, x):
        return self.normed(nn.Dense(3)(self.normed(x)))


class SetAgain(nn.Module):
    kind: str

    @nn.compact
    def __call__(self, x, train):
        kind = self.kind
        layer = get_norm_layer(kind, train)
        kind = "layer"
        x = layer(x)
        return x + len(kind)


class Guarded(nn.Module):
    kind: tuple

    def setup(self):
        match self.kind:
            case ("layer", size) if size > 1:
                self.layer = nn.Dense(size)
            case _:
                self.layer = nn.LayerNorm()

    def __call__(self, x):
        return self.layer(x)


class MatchedInCall(nn.Module):
    @nn.compact
    def __call__(self, x, kind=0):
        match kind:
            case 0:
                return nn.Dense(3)(x)
            case _:
                return x


class Block(nn.Module):
    norm: object

    @nn.compact
    def __call__(self, x):
        return self.norm()(x)


class PartialHandedOn(nn.Module):
    kind: str

    @nn.compact
    def __call__(self, x):
        if self.kind == "layer":
            norm = functools.partial(nn.LayerNorm, epsilon=1e-3)
        else:
            norm = functools.partial(nn.RMSNorm, epsilon=1e-3)
        return Block(norm)(norm()(x))


class PartialOfTheCall(nn.Module):
    @nn.compact
    def __call__(self, x, kind):
        if kind == "layer":
            norm = functools.partial(nn.LayerNorm, epsilon=1e-3)
        else:
            norm = functools.partial(nn.RMSNorm, epsilon=1e-3)
        return norm()(x)


seen = []


def noted(kind):
    seen.append(kind)
    if kind == "layer":
        norm = functools.partial(nn.LayerNorm, epsilon=1e-3)
    else:
        norm = functools.partial(nn.RMSNorm, epsilon=1e-3)
    return norm


class DoesMore(nn.Module):
    kind: str

    @nn.compact
    def __call__(self, x):
        norm = noted(self.kind)
        return norm()(x)


def early(kind):
    if kind == "layer":
        return functools.partial(nn.LayerNorm, epsilon=1e-3)
    return nn.RMSNorm


class Early(nn.Module):
    kind: str

    @nn.compact
    def __call__(self, x):
        return early(self.kind)()(x)
