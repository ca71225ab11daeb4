"""Methods under decorators, and helpers of flax.linen."""
import functools

import flax.linen as nn
import jax
from flax.linen.dtypes import promote_dtype


def doubled(method):
    @functools.wraps(method)
    def run(self, x, *args, **kwargs):
        return 2 * method(self, x, *args, **kwargs)

    return run


class Scaled(nn.Module):
    features: int
    dtype: object = None

    @functools.partial(nn.jit, static_argnames=("self", "train"))
    @nn.compact
    def __call__(self, x, train: bool = False):
        scale = self.param("scale", nn.initializers.ones, (self.features,))
        x, scale = promote_dtype(
            x,
            scale,  # of the weights
            dtype=self.dtype,
        )
        x = nn.Dense(self.features)(x) * scale
        return nn.Dropout(0.5, deterministic=not train)(x)


class Outer(nn.Module):
    @doubled
    @jax.named_scope("outer")
    @nn.remat
    @nn.compact
    def __call__(self, x):
        x = nn.jit(nn.Dense)(4)(x)
        return nn.jit(Scaled)(3)(self.scaled(x, 2))

    @functools.partial(nn.checkpoint, policy=None, static_argnums=(2,))
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
