"""Functions that methods define for what they make."""
import math
from typing import Any, Callable

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import nnx


class Noisy(nnx.Module):
    def __init__(self, in_features: int, features: int = 4, *, rngs: nnx.Rngs):
        # Uniform in a range.
        def mu_init(key, shape):
            # by the inputs
            low = -1 / jnp.power(in_features, 0.5)  # the lowest
            high = 1 / jnp.power(in_features, 0.5)
            return jax.random.uniform(key, minval=low, maxval=high, shape=shape)

        def sigma_init(key, shape, dtype=jnp.float32):
            return jnp.ones(shape, dtype) * (0.1 / math.sqrt(in_features))

        self.w = nnx.Param(mu_init(rngs.params(), (in_features, features)))
        self.s = nnx.Param(sigma_init(rngs.params(), (in_features, features)))
        self.dense = nnx.Linear(features, features, kernel_init=sigma_init, rngs=rngs)

    def __call__(self, x, bias=True):
        w = self.w[...]
        s = self.s[...]
        y = x @ (w + s)
        return self.dense(y)


class Widths(nnx.Module):
    def __init__(self, in_features: int, base: int = 16, *, rngs: nnx.Rngs):
        self.base = base
        self.dense_layers_0 = nnx.List([])
        x_features = in_features
        for i in range(3):
            self.dense_layers_0.append(
                nnx.Linear(x_features, int(base / 2**i), rngs=rngs)
            )
            x_features = int(base / 2**i)
        self.dense_1 = nnx.Linear(x_features, int(base / 2**1), rngs=rngs)

    def __call__(self, x):
        def width(stage):
            return int(self.base / 2**stage)

        for dense_0 in self.dense_layers_0:
            x = dense_0(x)
        return self.dense_1(x) * width(0)


class InSetup(nnx.Module):
    def __init__(self, in_features: int, base: int = 16, *, rngs: nnx.Rngs):
        # Small.
        def init(key, shape, dtype=jnp.float32):
            """Of a scale."""
            return jax.random.normal(key, shape, dtype) / base  # less

        self.dense = nnx.Linear(in_features, base, kernel_init=init, rngs=rngs)

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


class Makes(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x):
        def layer(y):
            return self.dense(y)

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


class Given(nnx.Module):
    """A field that holds a function says sizes."""

    def __init__(
        self, in_features: int, width: Callable[[int], int] = None, *, rngs: nnx.Rngs
    ):
        self.dense_layers = nnx.List([])
        x_features = in_features
        for i in range(2):
            self.dense_layers.append(nnx.Linear(x_features, width(i + 1), rngs=rngs))
            x_features = width(i + 1)

    def __call__(self, x):
        for dense in self.dense_layers:
            x = dense(x)
        return x


class Gives(nnx.Module):
    def __init__(self, in_features: int, base: int = 16, *, rngs: nnx.Rngs):
        def width(stage):
            # halves
            return base // 2**stage

        self.given = Given(in_features, width=width, rngs=rngs)

    def __call__(self, x):
        return self.given(x)


class MadeByAny(nn.Module):
    make: Any = None

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.make(3))(x)
