"""Sizes that variables tell beside those of inputs, lists that the call changes, and sizes that change hands."""
import jax.numpy as jnp
from flax import linen as nn
from flax import nnx


class Outputs(nnx.Module):
    """Layers after a loop, which counts on."""

    def __init__(
        self,
        in_features: int,
        dense_1_in_features: int,
        dense_2_in_features: int,
        count: int = 3,
        *,
        rngs: nnx.Rngs,
    ):
        self.dense_layers_0 = nnx.List([])
        x_features = in_features
        for i in range(count):
            self.dense_layers_0.append(nnx.Linear(x_features, 3 + i, rngs=rngs))
            x_features = 3 + i
        self.dense_1 = nnx.Linear(dense_1_in_features, 2, rngs=rngs)
        self.dense_2 = nnx.Linear(dense_2_in_features, 2, rngs=rngs)

    def __call__(self, x):
        outputs = []
        for dense_0 in self.dense_layers_0:
            x = dense_0(x)
            outputs.append(x)
        return self.dense_1(outputs[-1]) + self.dense_2(outputs[0])


class Joined(nnx.Module):
    """`x_features` would be the size of the input."""

    def __init__(
        self,
        in_features: int,
        dense_1_in_features: int,
        widths: tuple[int, ...] = (3, 4),
        *,
        rngs: nnx.Rngs,
    ):
        self.dense_layers_0 = nnx.List([])
        for width in widths:
            self.dense_layers_0.append(nnx.Linear(in_features, width, rngs=rngs))
        self.dense_1 = nnx.Linear(dense_1_in_features, 2, rngs=rngs)

    def __call__(self, x):
        x = jnp.concatenate([dense_0(x) for dense_0 in self.dense_layers_0], axis=-1)
        return self.dense_1(x)


class Doubled(nnx.Module):
    def __init__(
        self,
        in_features: int,
        dense_1_in_features: int,
        features: int = 3,
        *,
        rngs: nnx.Rngs,
    ):
        self.features = features
        features = self.features
        self.dense_0 = nnx.Linear(in_features, features, rngs=rngs)
        features *= 2
        self.dense_1 = nnx.Linear(dense_1_in_features, features, rngs=rngs)

    def __call__(self, x):
        x = self.dense_0(x)
        return self.dense_1(x)


class Longer(nnx.Module):
    def __init__(
        self, in_features: int, sizes: tuple[int, ...] = (1, 2), *, rngs: nnx.Rngs
    ):
        self.sizes = sizes
        sizes = list(self.sizes)
        sizes.append(7)
        self.dense_layers_0 = nnx.List([])
        x_features = in_features
        for size in sizes:
            self.dense_layers_0.append(nnx.Linear(x_features, size, rngs=rngs))
            x_features = size
        last = sizes.pop()
        self.dense_1 = nnx.Linear(x_features, last, rngs=rngs)

    def __call__(self, x):
        sizes = list(self.sizes)
        sizes.append(7)
        for dense_0 in self.dense_layers_0:
            x = dense_0(x)
        return self.dense_1(x)


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
