"""Parameters whose shape or dtype only the call knows."""
import flax.linen as nn
from flax import nnx
import jax.numpy as jnp


def table_shape(x):
    return x.shape[1:3]


class Pool(nnx.Module):
    def __init__(
        self, in_features: int, probe_dtype: jnp.dtype, features: int, *, rngs: nnx.Rngs
    ):
        self.probe = nnx.Param(
            nnx.initializers.xavier_uniform()(
                rngs.params(), (1, in_features), probe_dtype
            )
        )
        self.dense = nnx.Linear(in_features, features, rngs=rngs)

    def __call__(self, x):
        probe = self.probe[...]
        return self.dense(x * probe)


class Scaled(nnx.Module):
    def __init__(
        self,
        scale_shape: tuple[int, ...],
        scale_dtype: jnp.dtype,
        shape: tuple[int, ...],
        scale_init: nnx.initializers.Initializer = nnx.initializers.ones_init(),
        *,
        rngs: nnx.Rngs,
    ):
        self.scale = nnx.Param(scale_init(rngs.params(), scale_shape, scale_dtype))

    def __call__(self, x, eqn: str = "a"):
        return x * self.scale[...]


class Net(nnx.Module):
    """Hands on what it is told itself."""

    def __init__(
        self,
        in_features: int,
        scaled_scale_shape: tuple[int, ...],
        scaled_scale_dtype: jnp.dtype,
        pool_probe_dtype: jnp.dtype,
        *,
        rngs: nnx.Rngs,
    ):
        self.scaled = Scaled(scaled_scale_shape, scaled_scale_dtype, (3, 4), rngs=rngs)
        self.pool = Pool(in_features, pool_probe_dtype, 4, rngs=rngs)

    def __call__(self, x):
        return self.scaled(self.pool(x))


class Posed(nnx.Module):
    """The size of an image that a field of any length is strided over."""

    def __init__(
        self,
        in_features: int,
        pos_shape: tuple[int, ...],
        pos_dtype: jnp.dtype,
        patches: tuple[int, ...] = (2, 2),
        kind: str = "learn",
        *,
        rngs: nnx.Rngs,
    ):
        self.kind = kind
        self.conv = nnx.Conv(
            in_features, 4, kernel_size=patches, strides=patches, rngs=rngs
        )
        if kind == "learn":
            self.pos = nnx.Param(
                nnx.initializers.normal()(rngs.params(), pos_shape, pos_dtype)
            )

    def pose(self, kind, *, count, width, name, dtype=jnp.float32):
        if kind == "learn":
            return getattr(self, name)[...]
        return jnp.zeros((1, 1, width), dtype)

    def __call__(self, x):
        x = self.conv(x)
        n, h, w, c = x.shape
        x = x.reshape(n, h * w, c)
        return x + self.pose(self.kind, count=h * w, width=c, name="pos", dtype=x.dtype)


class Typed(nnx.Module):
    """Layers with parameters as precise as their input."""

    def __init__(
        self,
        in_features: int,
        dense_param_dtype: jnp.dtype,
        layer_norm_param_dtype: jnp.dtype,
        features: int = 3,
        *,
        rngs: nnx.Rngs,
    ):
        self.dense = nnx.Linear(
            in_features, features, param_dtype=dense_param_dtype, rngs=rngs
        )
        self.layer_norm = nnx.LayerNorm(
            features,
            param_dtype=layer_norm_param_dtype,
            use_scale=False,
            promote_dtype=lambda args, dtype: args,
            rngs=rngs,
        )

    def __call__(self, x):
        x = self.dense(x)
        dtype = x.dtype
        return self.layer_norm(x).astype(dtype)


def to_input_dtype(args, dtype):
    """Casts what a layer computes with to the dtype of its input, which comes first."""
    return nnx.nn.dtypes.promote_dtype(args, dtype=args[0].dtype)


class Holder(nnx.Module):
    """Is told what it hands on."""

    def __init__(
        self,
        in_features: int,
        typed_dense_param_dtype: jnp.dtype,
        typed_layer_norm_param_dtype: jnp.dtype,
        *,
        rngs: nnx.Rngs,
    ):
        self.typed = Typed(
            4, typed_dense_param_dtype, typed_layer_norm_param_dtype, rngs=rngs
        )
        self.dense = nnx.Linear(in_features, 4, promote_dtype=to_input_dtype, rngs=rngs)

    def __call__(self, x):
        return self.typed(self.dense(x))


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
