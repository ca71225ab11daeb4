"""Sizes that the source does not tell: parameters named after the input, or after the layer."""
import flax.linen as nn
from flax import nnx
import jax.numpy as jnp


def folded(x):
    for _ in range(2):
        while x.shape[-1] > 4:
            x = x.reshape(*x.shape[:-1], 2, -1).sum(-2)
    return x


class Cross(nnx.Module):
    """Attention to a context, or to the input itself."""

    def __init__(
        self, in_features: int, context_features: int, features: int, *, rngs: nnx.Rngs
    ):
        self.keys = nnx.Linear(context_features, features, rngs=rngs)
        self.values = nnx.Linear(context_features, features, rngs=rngs)
        self.dense = nnx.Linear(in_features, features, rngs=rngs)

    def __call__(self, x, context=None):
        context = x if context is None else context
        keys = self.keys(context)
        values = self.values(context)
        return self.dense(x) * (keys * values).sum(-2, keepdims=True)


class Folding(nnx.Module):
    def __init__(
        self,
        norm_num_features: int,
        out_in_features: int,
        features: int,
        *,
        rngs: nnx.Rngs,
    ):
        self.norm = nnx.LayerNorm(norm_num_features, rngs=rngs)
        self.out = nnx.Linear(out_in_features, features, rngs=rngs)

    def __call__(self, x):
        return self.out(self.norm(folded(x)))


class Both(nnx.Module):
    """The sizes of the classes that it constructs are its own parameters."""

    def __init__(
        self,
        in_features: int,
        cross_context_features: int,
        folding_norm_num_features: int,
        folding_out_in_features: int,
        depth: int,
        *,
        rngs: nnx.Rngs,
    ):
        self.cross = Cross(in_features, cross_context_features, 6, rngs=rngs)
        self.foldings = nnx.List([])
        for _ in range(depth):
            self.foldings.append(
                Folding(
                    folding_norm_num_features, folding_out_in_features, 6, rngs=rngs
                )
            )

    def __call__(self, x, context):
        x = self.cross(x, context)
        for folding in self.foldings:
            x = x + folding(x)
        return x


class Differing(nn.Module):
    """One parameter cannot be the size of every turn."""

    @nn.compact
    def __call__(self, x):
        for width in (4, 5):
            x = nn.Dense(width)(folded(x))
        return x


class Dynamic(nn.Module):
    """What is made by something unknown, and called, may be a module."""

    kinds: dict

    def setup(self):
        self.inner = self.kinds["inner"](3)

    def __call__(self, x):
        return self.inner(jnp.asarray(x))
