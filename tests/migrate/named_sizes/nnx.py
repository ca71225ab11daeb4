"""Sizes that the call names and nobody can follow."""
import flax.linen as nn
from flax import nnx
import jax.numpy as jnp


class Cell(nnx.Module):
    def __init__(
        self, in_features: int, hidden_features: int, features: int, *, rngs: nnx.Rngs
    ):
        self.kernel = nnx.Param(
            nnx.initializers.normal()(
                rngs.params(), (in_features + hidden_features, features)
            )
        )
        self.bias = nnx.Param(nnx.initializers.normal()(rngs.params(), (features,)))

    def __call__(self, inputs, carry, hidden):
        hidden = hidden.reshape((inputs.shape[0], -1))
        kernel = self.kernel[...]
        bias = self.bias[...]
        carry = carry + jnp.concatenate([inputs, hidden], axis=-1) @ kernel + bias
        return carry, jnp.tanh(carry)


class Sorted(nnx.Module):
    """The width is read in the call as well."""

    def __init__(self, width: int, *, rngs: nnx.Rngs):
        self.scale = nnx.Param(nnx.initializers.normal()(rngs.params(), (width,)))

    def __call__(self, x):
        x = jnp.sort(x.reshape(len(x), -1))
        width = x.shape[-1]
        scale = self.scale[...]
        return x * scale / width


class Pair(nnx.Module):
    def __init__(self, sorted_0_width: int, sorted_1_width: int, *, rngs: nnx.Rngs):
        self.sorted_0 = Sorted(sorted_0_width, rngs=rngs)
        self.sorted_1 = Sorted(sorted_1_width, rngs=rngs)

    def __call__(self, x):
        return self.sorted_0(x) + self.sorted_1(-x)


class Twice(nnx.Module):
    """One name for two sizes."""

    def __init__(
        self, a_shape: tuple[int, ...], b_shape: tuple[int, ...], *, rngs: nnx.Rngs
    ):
        self.a = nnx.Param(nnx.initializers.normal()(rngs.params(), a_shape))
        self.b = nnx.Param(nnx.initializers.normal()(rngs.params(), b_shape))

    def __call__(self, x, y):
        width = jnp.sort(x.reshape(len(x), -1)).shape[-1]
        a = self.a[...]
        width = jnp.sort(y.reshape(len(y), -1)).shape[-1]
        b = self.b[...]
        return jnp.sum(a) * jnp.sum(b)


class Turns(nn.Module):
    """Another size in each turn."""

    @nn.compact
    def __call__(self, xs):
        for i in range(3):
            width = jnp.sort(xs[i].reshape(4, -1)).shape[-1]
            xs[i] = xs[i] * self.param("a", nn.initializers.normal(), (width,))
        return xs


class First(nnx.Module):
    """The first axis is that of the batch."""

    def __init__(self, scale_shape: tuple[int, ...], *, rngs: nnx.Rngs):
        self.scale = nnx.Param(nnx.initializers.normal()(rngs.params(), scale_shape))

    def __call__(self, x):
        x = jnp.sort(x.reshape(-1, 4))
        return x * self.scale[...]
