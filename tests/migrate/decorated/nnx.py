"""Methods under decorators, and helpers of flax.linen."""
import functools

import flax.linen as nn
from flax import nnx
import jax


def doubled(method):
    @functools.wraps(method)
    def run(self, x, *args, **kwargs):
        return 2 * method(self, x, *args, **kwargs)

    return run


class Scaled(nnx.Module):
    def __init__(
        self, in_features: int, features: int, dtype: object = None, *, rngs: nnx.Rngs
    ):
        self.dtype = dtype
        self.scale = nnx.Param(nnx.initializers.ones(rngs.params(), (features,)))
        self.dense = nnx.Linear(in_features, features, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    @nnx.jit(static_argnames=("train",))
    def __call__(self, x, train: bool = False):
        scale = self.scale[...]
        x, scale = nnx.nn.dtypes.promote_dtype(
            (x, scale),  # of the weights
            dtype=self.dtype,
        )
        x = self.dense(x) * scale
        return self.dropout(x, deterministic=not train)


class Outer(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 4, rngs=rngs)
        self.scaled_layer = Scaled(4, 3, rngs=rngs)

    @doubled
    @jax.named_scope("outer")
    @nnx.remat
    def __call__(self, x):
        x = self.dense(x)
        return self.scaled_layer(self.scaled(x, 2))

    @nnx.remat(static_argnums=(2,))
    def scaled(self, x, by: int = 2):
        return x * by


class Folded(nn.Module):
    @nn.fold_rngs
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x)


class Named(nn.Module):
    @nn.compact_name_scope
    def up(self, x):
        return nn.Dense(3)(x)


class Chosen(nn.Module):
    @functools.lru_cache
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x)


class Partly(nn.Module):
    @functools.partial(nn.remat, variables="params")
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x)
