"""Modules that are given to another one in its constructor."""
import flax.linen as nn
import jax
import jax.numpy as jnp


class Scale(nn.Module):
    plus: float = 0.0

    @nn.compact
    def __call__(self, x):
        return x * (self.plus + self.param("scale", nn.initializers.normal(), (x.shape[-1],)))


class Router(nn.Module):
    """Runs what it is given, where there is something."""

    features: int
    norm: nn.Module | None = None
    plain: bool = False

    def setup(self):
        self.dense = nn.Dense(self.features)

    def __call__(self, x):
        return self.dense(self.normed(x)) if self.plain else jnp.tanh(self.dense(self.normed(x)))

    def normed(self, x):
        return self.norm(x) if self.norm is not None else x


class Mapped(nn.Module):
    """Sees one row after the other."""

    model: nn.Module
    power: int = 1

    def __call__(self, x):
        return jax.vmap(self.model)(x) ** self.power


class InSetup(nn.Module):
    features: int

    def setup(self):
        self.router = Router(self.features, norm=Scale(plus=1.0))
        norm = nn.LayerNorm()
        self.other = Router(self.features, norm, plain=True)
        self.bare = Router(self.features)

    def __call__(self, x):
        return self.bare(self.other(self.router(x)) + jnp.sum(self.router.normed(x)))


class InCompact(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        x = nn.Dense(self.features)(x)
        scale = Scale()
        x = Router(self.features, scale, plain=True)(x)
        x = Mapped(nn.Dense(3))(x)
        return Mapped(Router(2, norm=Scale(), plain=True), power=2)(x)


class Asks(nn.Module):
    """How wide the module is depends on its class."""

    model: nn.Module

    @nn.compact
    def __call__(self, x):
        return self.model(x) * self.param("scale", nn.initializers.ones, (self.model.features,))


class Copies(nn.Module):
    model: nn.Module

    @nn.compact
    def __call__(self, x):
        return self.model(x) + self.model.copy(name="other")(x)


class Applies(nn.Module):
    model: nn.Module

    def __call__(self, x, variables):
        return self.model.apply(variables, x)


class Runs(nn.Module):
    model: nn.Module
    power: int = 1

    def __call__(self, x):
        return self.model(x) ** self.power


class Twice(nn.Module):
    """Both share one layer."""

    @nn.compact
    def __call__(self, x):
        dense = nn.Dense(3)
        return Runs(dense)(x) + Runs(dense, power=2)(x)


class Outside(nn.Module):
    @nn.compact
    def __call__(self, x):
        dense = nn.Dense(3)
        for power in range(2):
            x = Runs(dense, power)(x)
        return x
