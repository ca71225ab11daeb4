"""Functions inside of setup that make layers."""
import flax.linen as nn
from flax import nnx
import jax
import jax.numpy as jnp


class MLP(nnx.Module):
    def __init__(
        self,
        in_features: int,
        sizes: tuple[int, ...],
        activation: object = None,
        *,
        rngs: nnx.Rngs,
    ):
        self.activation = activation
        self.dense_layers = nnx.List([])
        x_features = in_features
        for size in sizes:
            self.dense_layers.append(nnx.Linear(x_features, size, rngs=rngs))
            x_features = size

    def __call__(self, x):
        for dense in self.dense_layers:
            x = dense(x)
        return self.activation(x) if self.activation else x


def split(sizes):
    return (None, None) if not sizes else (sizes[:-1], sizes[-1])


class Sets(nnx.Module):
    def __init__(
        self,
        in_features: int,
        rho_in_features: int,
        inner: tuple[int, ...] | None = None,
        outer: tuple[int, ...] | None = None,
        activation: object = jax.nn.gelu,
        *,
        rngs: nnx.Rngs,
    ):
        # both are None without any
        hidden, last = split(inner)
        self.phi = (
            MLP(in_features, (*hidden, last), activation=activation, rngs=rngs)
            if last is not None
            else None
        )
        hidden, last = split(outer)
        self.rho = (
            MLP(rho_in_features, (*hidden, last), activation=None, rngs=rngs)
            if last is not None
            else None
        )

    def __call__(self, x):
        if self.phi:
            x = self.phi(x)
        x = jnp.sum(x, axis=-2)
        if self.rho:
            x = self.rho(x)
        return x


class Norms(nnx.Module):
    def __init__(self, in_features: int, plus: float, *, rngs: nnx.Rngs):
        self.first = nnx.LayerNorm(in_features, epsilon=1e-5 + plus, rngs=rngs)
        self.second = nnx.LayerNorm(in_features, epsilon=0.1 + plus, rngs=rngs)

    def __call__(self, x):
        return self.second(jnp.tanh(self.first(x)))


class Perhaps(nnx.Module):
    """None first, and a layer or a parameter in its place."""

    def __init__(self, in_features: int, norms: bool, *, rngs: nnx.Rngs):
        self.norm = nnx.data(None)
        self.scale = nnx.data(None)
        self.shift = nnx.data(None)
        if norms:
            self.norm = nnx.LayerNorm(in_features, rngs=rngs)
            self.scale = nnx.Param(nnx.initializers.normal()(rngs.params(), (3,)))
            self.shift = nnx.Param(nnx.initializers.normal()(rngs.params(), (3,)))

    def __call__(self, x):
        if self.norm is not None:
            x = self.norm(x) * self.scale[...]
        return x if self.shift is None else x + self.shift[...]


class Counts(nn.Module):
    """The function does more than to make a layer."""

    def setup(self):
        made = []

        def make(size):
            made.append(size)
            return nn.Dense(size + len(made))

        self.first = make(3)
        self.second = make(4)

    def __call__(self, x):
        return self.second(self.first(x))


class Hides(nn.Module):
    """A name of the function is one of setup too."""

    def setup(self):
        def make(size):
            width = size + 1
            return nn.Dense(width)

        width = 3
        self.first = make(width)
        self.second = nn.Dense(width)

    def __call__(self, x):
        return self.second(self.first(x))


class HandedOn(nn.Module):
    def setup(self):
        def make(size):
            return nn.Dense(size)

        self.layers = list(map(make, (3, 4)))
        self.last = make(2)

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.last(x)


class Nested(nn.Module):
    def setup(self):
        def make(size):
            if size > 3:
                return nn.Dense(size)
            return None

        self.first = make(4)

    def __call__(self, x):
        return self.first(x)
