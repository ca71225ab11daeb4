"""Sizes that the source does not tell: parameters named after the input, or after the layer."""
import flax.linen as nn
import jax.numpy as jnp


def folded(x):
    for _ in range(2):
        while x.shape[-1] > 4:
            x = x.reshape(*x.shape[:-1], 2, -1).sum(-2)
    return x


class Cross(nn.Module):
    """Attention to a context, or to the input itself."""

    features: int

    @nn.compact
    def __call__(self, x, context=None):
        context = x if context is None else context
        keys = nn.Dense(self.features, name="keys")(context)
        values = nn.Dense(self.features, name="values")(context)
        return nn.Dense(self.features)(x) * (keys * values).sum(-2, keepdims=True)


class Folding(nn.Module):
    features: int

    def setup(self):
        self.norm = nn.LayerNorm()
        self.out = nn.Dense(self.features)

    def __call__(self, x):
        return self.out(self.norm(folded(x)))


class Both(nn.Module):
    """The sizes of the classes that it constructs are its own parameters."""

    depth: int

    @nn.compact
    def __call__(self, x, context):
        x = Cross(6)(x, context)
        for _ in range(self.depth):
            x = x + Folding(6)(x)
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
