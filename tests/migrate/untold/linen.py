"""Parameters whose shape or dtype only the call knows."""
import flax.linen as nn
import jax.numpy as jnp
from flax.linen import initializers


def table_shape(x):
    return x.shape[1:3]


class Pool(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        probe = self.param("probe", nn.initializers.xavier_uniform(), (1, x.shape[-1]), x.dtype)
        return nn.Dense(self.features)(x * probe)


class Scaled(nn.Module):
    shape: tuple[int, ...]
    scale_init: nn.initializers.Initializer = initializers.ones_init()

    @nn.compact
    def __call__(self, x, eqn: str = "a"):
        letters = zip("ab", self.shape)
        own = tuple(1 if letter in eqn else size for letter, size in letters)
        return x * self.param("scale", self.scale_init, own, x.dtype)


class Net(nn.Module):
    """Hands on what it is told itself."""

    @nn.compact
    def __call__(self, x):
        return Scaled((3, 4), name="scaled")(Pool(4)(x))


class Posed(nn.Module):
    """The size of an image that a field of any length is strided over."""

    patches: tuple[int, ...] = (2, 2)
    kind: str = "learn"

    def pose(self, kind, *, count, width, name, dtype=jnp.float32):
        if kind == "learn":
            return self.param(name, nn.initializers.normal(), (1, count, width), dtype)
        return jnp.zeros((1, 1, width), dtype)

    @nn.compact
    def __call__(self, x):
        x = nn.Conv(4, self.patches, self.patches)(x)
        n, h, w, c = x.shape
        x = x.reshape(n, h * w, c)
        return x + self.pose(self.kind, count=h * w, width=c, name="pos", dtype=x.dtype)


class Typed(nn.Module):
    """Layers with parameters as precise as their input."""

    features: int = 3

    @nn.compact
    def __call__(self, x):
        x = nn.Dense(self.features, param_dtype=x.dtype, name="dense")(x)
        dtype = x.dtype
        return nn.LayerNorm(dtype=dtype, param_dtype=dtype, use_scale=False)(x)


class Holder(nn.Module):
    """Is told what it hands on."""

    @nn.compact
    def __call__(self, x):
        return Typed()(nn.Dense(4, dtype=x.dtype)(x))


class Turns(nn.Module):
    """The layers of each turn may have parameters of another dtype."""

    @nn.compact
    def __call__(self, x):
        for features in (3, 4):
            x = nn.Dense(features, param_dtype=x.dtype)(x)
        return x


class Cast(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x * self.param("scale", nn.initializers.ones, (3,), x.dtype)


class Loop(nn.Module):
    """Each turn may have a dtype of its own."""

    @nn.compact
    def __call__(self, x):
        for _ in range(2):
            x = Cast()(x)
        return x


class Stacked(nn.Module):
    """The variables of its copies have one more axis."""

    @nn.compact
    def __call__(self, x):
        pools = nn.vmap(Cast, variable_axes={"params": 0}, split_rngs={"params": True}, axis_size=2)
        return pools()(x)


class Odd(nn.Module):
    """What its initialiser makes need not have this shape."""

    @nn.compact
    def __call__(self, x):
        return x + self.param("w", lambda key, shape: jnp.zeros(3), x.shape[1:3])


class Hidden(nn.Module):
    """The parameter would hide a function."""

    @nn.compact
    def __call__(self, x):
        return x + self.param("table", nn.initializers.zeros, table_shape(x))[..., None]


class Other(nn.Module):
    """Which initialiser it is given nobody says."""

    make: object

    @nn.compact
    def __call__(self, x):
        return x + self.param("w", self.make, (1,), x.dtype)
