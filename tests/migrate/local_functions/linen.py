"""Functions that methods define for what they make."""
import math
from typing import Any, Callable

import jax
import jax.numpy as jnp
from flax import linen as nn


class Noisy(nn.Module):
    features: int = 4

    @nn.compact
    def __call__(self, x, bias=True):
        # Uniform in a range.
        def mu_init(key, shape):
            # by the inputs
            low = -1 / jnp.power(x.shape[-1], 0.5)  # the lowest
            high = 1 / jnp.power(x.shape[-1], 0.5)
            return jax.random.uniform(key, minval=low, maxval=high, shape=shape)

        def sigma_init(key, shape, dtype=jnp.float32):
            return jnp.ones(shape, dtype) * (0.1 / math.sqrt(x.shape[-1]))

        w = self.param("w", mu_init, (x.shape[-1], self.features))
        s = self.param("s", sigma_init, (x.shape[-1], self.features))
        y = x @ (w + s)
        return nn.Dense(self.features, kernel_init=sigma_init)(y)


class Widths(nn.Module):
    base: int = 16

    @nn.compact
    def __call__(self, x):
        def width(stage):
            return int(self.base / 2**stage)

        for i in range(3):
            x = nn.Dense(width(i))(x)
        return nn.Dense(width(1))(x) * width(0)


class InSetup(nn.Module):
    base: int = 16

    def setup(self):
        # Small.
        def init(key, shape, dtype=jnp.float32):
            """Of a scale."""
            return jax.random.normal(key, shape, dtype) / self.base  # less

        self.dense = nn.Dense(self.base, kernel_init=init)

    def __call__(self, x):
        return self.dense(x)


class Rebound(nn.Module):
    @nn.compact
    def __call__(self, x):
        scale = 1.0

        def init(key, shape, dtype=jnp.float32):
            return jnp.full(shape, scale)

        scale = 2.0
        return nn.Dense(3, kernel_init=init)(x)


class OfData(nn.Module):
    @nn.compact
    def __call__(self, x):
        def init(key, shape, dtype=jnp.float32):
            return jnp.full(shape, x.mean())

        return nn.Dense(3, kernel_init=init)(x)


class Makes(nn.Module):
    @nn.compact
    def __call__(self, x):
        def layer(y):
            return nn.Dense(3)(y)

        return layer(x)


class Nested(nn.Module):
    @nn.compact
    def __call__(self, x):
        def init(scale):
            def inner(key, shape, dtype=jnp.float32):
                return jnp.full(shape, scale)

            return inner

        return nn.Dense(3, kernel_init=init(2.0))(x)


class TwoOfThem(nn.Module):
    wide: bool = False

    @nn.compact
    def __call__(self, x):
        if self.wide:
            def init(key, shape, dtype=jnp.float32):
                return jnp.full(shape, 1.0)
        else:
            def init(key, shape, dtype=jnp.float32):
                return jnp.full(shape, 2.0)
        return nn.Dense(3, kernel_init=init)(x)


class Captured(nn.Module):
    """What the function reads of the module has the name of one of its own arguments there."""

    features: int = 4

    @nn.compact
    def __call__(self, x):
        def init(key, features, dtype=jnp.float32):
            return jnp.full(features, self.features, dtype)

        return nn.Dense(3, kernel_init=init)(x)


class CapturedByLambda(nn.Module):
    shape: int = 4

    @nn.compact
    def __call__(self, x):
        return nn.Dense(3, kernel_init=lambda key, shape, dtype: jnp.full(shape, self.shape))(x)


class Given(nn.Module):
    """A field that holds a function says sizes."""

    width: Callable[[int], int] = None

    @nn.compact
    def __call__(self, x):
        for i in range(2):
            x = nn.Dense(self.width(i + 1))(x)
        return x


class Gives(nn.Module):
    base: int = 16

    @nn.compact
    def __call__(self, x):
        def width(stage):
            # halves
            return self.base // 2**stage

        return Given(width=width)(x)


class MadeByAny(nn.Module):
    make: Any = None

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.make(3))(x)
