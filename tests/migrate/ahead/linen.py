"""What the call computes of fields alone, and what parameters start from: `__init__` computes it, the call only where it reads it."""
import jax
import jax.numpy as jnp
from flax import linen as nn


def draw(seed, *shape):
    return jax.random.normal(jax.random.key(seed), shape)


def weights(seed, features, bias):
    if bias:
        return draw(seed, features, features), draw(seed, features)
    return draw(seed, features, features)


class Drawn(nn.Module):
    features: int
    seed: int = 0

    @nn.compact
    def __call__(self, x):
        kernel = draw(self.seed, self.features, self.features)
        kernel = self.param("kernel", lambda *_: kernel)
        return x @ kernel


class Either(nn.Module):
    """A field has the name of a parameter."""

    features: int
    bias: bool = True
    seed: int = 0

    @nn.compact
    def __call__(self, x):
        params = weights(self.seed, self.features, self.bias)
        if self.bias:
            w, b = params
        else:
            w = params
        w = self.param("weight", lambda *_: w)
        x = x @ w
        if self.bias:
            x = x + self.param("bias", lambda *_: b)
        return x


class ReadAgain(nn.Module):
    """The first values are still read by the call."""

    features: int
    plain: bool = False

    @nn.compact
    def __call__(self, x):
        kernel = draw(1, self.features, self.features)
        if not self.plain:
            x = x @ kernel
        kernel = self.param("kernel", lambda *_: kernel)
        return x @ kernel


class ReadLater(nn.Module):
    """An inner function reads the variable before it is set again."""

    features: int

    @nn.compact
    def __call__(self, x):
        def first():
            return kernel

        kernel = draw(1, self.features, self.features)
        x = x @ first()
        kernel = self.param("kernel", lambda *_: kernel)
        return x @ kernel


class InALoop(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        for scale in (1.0, 2.0):
            kernel = draw(1, self.features, self.features)
            x = x @ kernel * scale
        kernel = self.param("kernel", lambda *_: kernel)
        return x @ kernel


class OfTheInput(nn.Module):
    @nn.compact
    def __call__(self, x):
        mean = x.mean()
        return x - self.param("mean", lambda *_: mean)


class Perhaps(nn.Module):
    """What only one branch sets, by a test of the call."""

    features: int

    @nn.compact
    def __call__(self, x, warm=False):
        if warm:
            kernel = draw(1, self.features, self.features)
        else:
            kernel = draw(2, self.features, self.features) * x.mean()
        return x @ self.param("kernel", lambda *_: kernel)


class SizeOfTheCall(nn.Module):
    @nn.compact
    def __call__(self, x, wide=False):
        n = 3
        if wide:
            n = 4
        return nn.Dense(n)(x)


class EitherOfTheCall(nn.Module):
    @nn.compact
    def __call__(self, x, warm=False):
        if warm:
            scale = jnp.ones(3)
        else:
            scale = jnp.zeros(3)
        return x * self.param("scale", lambda *_: scale)
