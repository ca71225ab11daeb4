"""What the call computes of fields alone, and what parameters start from: `__init__` computes it, the call only where it reads it."""
import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import nnx


def draw(seed, *shape):
    return jax.random.normal(jax.random.key(seed), shape)


def weights(seed, features, bias):
    if bias:
        return draw(seed, features, features), draw(seed, features)
    return draw(seed, features, features)


class Drawn(nnx.Module):
    def __init__(self, features: int, seed: int = 0, *, rngs: nnx.Rngs):
        kernel = draw(seed, features, features)
        self.kernel = nnx.Param(kernel)

    def __call__(self, x):
        kernel = self.kernel[...]
        return x @ kernel


class Either(nnx.Module):
    """A field has the name of a parameter."""

    def __init__(
        self, features: int, bias: bool = True, seed: int = 0, *, rngs: nnx.Rngs
    ):
        self.bias = bias
        params = weights(seed, features, bias)
        if bias:
            w, b = params
        else:
            w = params
        self.weight = nnx.Param(w)
        if bias:
            self.bias_param = nnx.Param(b)

    def __call__(self, x):
        w = self.weight[...]
        x = x @ w
        if self.bias:
            x = x + self.bias_param[...]
        return x


class ReadAgain(nnx.Module):
    """The first values are still read by the call."""

    def __init__(self, features: int, plain: bool = False, *, rngs: nnx.Rngs):
        self.features = features
        self.plain = plain
        kernel = draw(1, features, features)
        self.kernel = nnx.Param(kernel)

    def __call__(self, x):
        kernel = draw(1, self.features, self.features)
        if not self.plain:
            x = x @ kernel
        kernel = self.kernel[...]
        return x @ kernel


class ReadLater(nnx.Module):
    """An inner function reads the variable before it is set again."""

    def __init__(self, features: int, *, rngs: nnx.Rngs):
        self.features = features
        kernel = draw(1, features, features)
        self.kernel = nnx.Param(kernel)

    def __call__(self, x):
        def first():
            return kernel

        kernel = draw(1, self.features, self.features)
        x = x @ first()
        kernel = self.kernel[...]
        return x @ kernel


class InALoop(nnx.Module):
    def __init__(self, features: int, *, rngs: nnx.Rngs):
        self.features = features
        for scale in (1.0, 2.0):
            kernel = draw(1, features, features)
        self.kernel = nnx.Param(kernel)

    def __call__(self, x):
        for scale in (1.0, 2.0):
            kernel = draw(1, self.features, self.features)
            x = x @ kernel * scale
        kernel = self.kernel[...]
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
