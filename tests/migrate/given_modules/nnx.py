"""Modules that are given to another one in its constructor."""
import flax.linen as nn
from flax import nnx
import jax
import jax.numpy as jnp


class Scale(nnx.Module):
    def __init__(self, in_features: int, plus: float = 0.0, *, rngs: nnx.Rngs):
        self.plus = plus
        self.scale = nnx.Param(nnx.initializers.normal()(rngs.params(), (in_features,)))

    def __call__(self, x):
        return x * (self.plus + self.scale[...])


class Router(nnx.Module):
    """Runs what it is given, where there is something."""

    def __init__(
        self,
        in_features: int,
        features: int,
        norm: nnx.Module | None = None,
        plain: bool = False,
        *,
        rngs: nnx.Rngs,
    ):
        self.features = features
        self.norm = norm
        self.plain = plain
        self.dense = nnx.Linear(in_features, features, rngs=rngs)

    def __call__(self, x):
        return self.dense(self.normed(x)) if self.plain else jnp.tanh(self.dense(self.normed(x)))

    def normed(self, x):
        return self.norm(x) if self.norm is not None else x


class Mapped(nnx.Module):
    """Sees one row after the other."""

    def __init__(self, model: nnx.Module, power: int = 1, *, rngs: nnx.Rngs):
        self.model = model
        self.power = power

    def __call__(self, x):
        return jax.vmap(self.model)(x) ** self.power


class InSetup(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.features = features
        self.router = Router(
            in_features,
            features,
            norm=Scale(in_features, plus=1.0, rngs=rngs),
            rngs=rngs,
        )
        self.other = Router(
            features,
            features,
            nnx.LayerNorm(features, rngs=rngs),
            plain=True,
            rngs=rngs,
        )
        self.bare = Router(features, features, rngs=rngs)

    def __call__(self, x):
        return self.bare(self.other(self.router(x)) + jnp.sum(self.router.normed(x)))


class InCompact(nnx.Module):
    def __init__(
        self,
        in_features: int,
        mapped_0_model_in_features: int,
        mapped_1_model_in_features: int,
        mapped_1_model_norm_in_features: int,
        features: int,
        *,
        rngs: nnx.Rngs,
    ):
        self.features = features
        self.dense = nnx.Linear(in_features, features, rngs=rngs)
        self.router = Router(
            features, features, Scale(features, rngs=rngs), plain=True, rngs=rngs
        )
        self.mapped_0 = Mapped(
            nnx.Linear(mapped_0_model_in_features, 3, rngs=rngs), rngs=rngs
        )
        self.mapped_1 = Mapped(
            Router(
                mapped_1_model_in_features,
                2,
                norm=Scale(mapped_1_model_norm_in_features, rngs=rngs),
                plain=True,
                rngs=rngs,
            ),
            power=2,
            rngs=rngs,
        )

    def __call__(self, x):
        x = self.dense(x)
        x = self.router(x)
        x = self.mapped_0(x)
        return self.mapped_1(x)


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
