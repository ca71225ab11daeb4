"""Sizes that the call names and nobody can follow."""
import flax.linen as nn
import jax.numpy as jnp


class Cell(nn.Module):
    features: int

    @nn.compact
    def __call__(self, inputs, carry, hidden):
        hidden = hidden.reshape((inputs.shape[0], -1))
        hidden_features = hidden.shape[-1]
        kernel = self.param("kernel", nn.initializers.normal(), (inputs.shape[-1] + hidden_features, self.features))
        bias = self.param("bias", nn.initializers.normal(), (self.features,))
        carry = carry + jnp.concatenate([inputs, hidden], axis=-1) @ kernel + bias
        return carry, jnp.tanh(carry)


class Sorted(nn.Module):
    """The width is read in the call as well."""

    @nn.compact
    def __call__(self, x):
        x = jnp.sort(x.reshape(len(x), -1))
        width = x.shape[-1]
        scale = self.param("scale", nn.initializers.normal(), (width,))
        return x * scale / width


class Pair(nn.Module):
    @nn.compact
    def __call__(self, x):
        return Sorted()(x) + Sorted()(-x)


class Twice(nn.Module):
    """One name for two sizes."""

    @nn.compact
    def __call__(self, x, y):
        width = jnp.sort(x.reshape(len(x), -1)).shape[-1]
        a = self.param("a", nn.initializers.normal(), (width,))
        width = jnp.sort(y.reshape(len(y), -1)).shape[-1]
        b = self.param("b", nn.initializers.normal(), (width,))
        return jnp.sum(a) * jnp.sum(b)


class Turns(nn.Module):
    """Another size in each turn."""

    @nn.compact
    def __call__(self, xs):
        for i in range(3):
            width = jnp.sort(xs[i].reshape(4, -1)).shape[-1]
            xs[i] = xs[i] * self.param("a", nn.initializers.normal(), (width,))
        return xs


class First(nn.Module):
    """The first axis is that of the batch."""

    @nn.compact
    def __call__(self, x):
        x = jnp.sort(x.reshape(-1, 4))
        count = x.shape[0]
        return x * self.param("scale", nn.initializers.normal(), (count, 1))
