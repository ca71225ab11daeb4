"""Functions inside of setup that make layers."""
import flax.linen as nn
import jax
import jax.numpy as jnp


class MLP(nn.Module):
    sizes: tuple[int, ...]
    activation: object = None

    @nn.compact
    def __call__(self, x):
        for size in self.sizes:
            x = nn.Dense(size)(x)
        return self.activation(x) if self.activation else x


def split(sizes):
    return (None, None) if not sizes else (sizes[:-1], sizes[-1])


class Sets(nn.Module):
    inner: tuple[int, ...] | None = None
    outer: tuple[int, ...] | None = None
    activation: object = jax.nn.gelu

    def setup(self):
        def create(sizes, activation, name):
            """A network, if it has layers."""
            hidden, last = split(sizes)  # both are None without any
            if last is None:
                return None
            else:
                return MLP((*hidden, last), activation=activation, name=name)

        self.phi = create(self.inner, self.activation, "phi_net")
        self.rho = create(self.outer, None, name="rho_net")

    @nn.compact
    def __call__(self, x):
        if self.phi:
            x = self.phi(x)
        x = jnp.sum(x, axis=-2)
        if self.rho:
            x = self.rho(x)
        return x


class Norms(nn.Module):
    plus: float

    def setup(self):
        def norm(epsilon=1e-5):
            return nn.LayerNorm(epsilon=epsilon + self.plus)

        self.first, self.second = norm(), norm(0.1)

    def __call__(self, x):
        return self.second(jnp.tanh(self.first(x)))


class Perhaps(nn.Module):
    """None first, and a layer or a parameter in its place."""

    norms: bool

    def setup(self):
        self.norm = None
        self.scale = self.shift = None
        if self.norms:
            self.norm = nn.LayerNorm()
            self.scale = self.param("scale", nn.initializers.normal(), (3,))
            self.shift = self.param("shift", nn.initializers.normal(), (3,))

    def __call__(self, x):
        if self.norm is not None:
            x = self.norm(x) * self.scale
        return x if self.shift is None else x + self.shift


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
