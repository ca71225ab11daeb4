"""Sizes that variables tell beside those of inputs, lists that the call changes, and sizes that change hands."""
import jax.numpy as jnp
from flax import linen as nn


class Outputs(nn.Module):
    """Layers after a loop, which counts on."""

    count: int = 3

    @nn.compact
    def __call__(self, x):
        outputs = []
        for i in range(self.count):
            x = nn.Dense(3 + i)(x)
            outputs.append(x)
        return nn.Dense(2)(outputs[-1]) + nn.Dense(2)(outputs[0])


class Joined(nn.Module):
    """`x_features` would be the size of the input."""

    widths: tuple[int, ...] = (3, 4)

    @nn.compact
    def __call__(self, x):
        x = jnp.concatenate([nn.Dense(width)(x) for width in self.widths], axis=-1)
        return nn.Dense(2)(x)


class Doubled(nn.Module):
    features: int = 3

    @nn.compact
    def __call__(self, x):
        features = self.features
        x = nn.Dense(features)(x)
        features *= 2
        return nn.Dense(features)(x)


class Longer(nn.Module):
    sizes: tuple[int, ...] = (1, 2)

    @nn.compact
    def __call__(self, x):
        sizes = list(self.sizes)
        sizes.append(7)
        for size in sizes:
            x = nn.Dense(size)(x)
        last = sizes.pop()
        return nn.Dense(last)(x)


class LongerByTheInput(nn.Module):
    @nn.compact
    def __call__(self, x):
        sizes = [3]
        sizes.append(int(x.mean()))
        for size in sizes:
            x = nn.Dense(size)(x)
        return x


class Exchanged(nn.Module):
    @nn.compact
    def __call__(self, x):
        h = x
        for _ in range(3):
            h, x = nn.Dense(5)(x), h
        return h


class SetsOfItsMethod(nn.Module):
    @nn.compact
    def __call__(self, x):
        size = 3

        def inner(y):
            nonlocal size
            size = 5
            return y

        return nn.Dense(size)(inner(x))


class Private(nn.Module):
    def setup(self):
        self.__hidden = nn.Dense(3)

    def __call__(self, x):
        return self.__hidden(x)
