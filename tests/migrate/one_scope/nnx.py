"""Layers whose variables Linen keeps among those of the module that makes them."""
import flax.linen as nn
from flax import nnx
import jax
import jax.numpy as jnp


class Weight(nnx.Module):
    def __init__(
        self, shape: tuple[int, ...], name_of_weight: str = "w", *, rngs: nnx.Rngs
    ):
        self.name_of_weight = name_of_weight
        setattr(
            self,
            name_of_weight,
            nnx.Param(nnx.initializers.normal()(rngs.params(), shape)),
        )

    def __call__(self, x):
        return x @ getattr(self, self.name_of_weight)[...]


class Gated(nnx.Module):
    def __init__(
        self,
        layer_norm_num_features: int,
        hidden: int,
        features: int,
        wide: bool = False,
        *,
        rngs: nnx.Rngs,
    ):
        # as in checkpoints of before
        self.wide = wide
        if wide:
            self.weight_0 = Weight(
                (features, 2 * hidden), name_of_weight="gating", rngs=rngs
            )
        else:
            self.weight_1 = Weight(
                (features, hidden), name_of_weight="gating", rngs=rngs
            )
        self.layer_norm = nnx.LayerNorm(layer_norm_num_features, rngs=rngs)
        self.weight_2 = Weight(
            (2 * hidden if wide else hidden, features),
            name_of_weight="linear",
            rngs=rngs,
        )

    def __call__(self, x):
        if self.wide:
            gating = self.weight_0
        else:
            gating = self.weight_1
        x = self.layer_norm(jnp.tanh(gating(x)))
        linear = self.weight_2
        return linear(x)


class Adapted(nnx.Module):
    """The docs of `share_scope` have this one."""

    def __init__(self, in_features: int, features: int, rank: int, *, rngs: nnx.Rngs):
        self.child = nnx.Linear(in_features, features, rngs=rngs)
        self.a = nnx.Param(
            nnx.initializers.normal()(rngs.params(), (in_features, rank))
        )
        self.b = nnx.Param(nnx.initializers.normal()(rngs.params(), (rank, features)))

    def __call__(self, x):
        a = self.a[...]
        b = self.b[...]
        return self.child(x) + x @ a @ b


class Layers(nnx.Module):
    def __init__(
        self, gated_layer_norm_num_features: int, features: int, *, rngs: nnx.Rngs
    ):
        self.gated = Gated(gated_layer_norm_num_features, features, 3, rngs=rngs)
        self.head = nnx.Linear(3, 2, rngs=rngs)

    def __call__(self, x):
        inner = self.gated
        with jax.named_scope("inner"):
            x = inner(x)
        return self.head(x)


class Lends(nnx.Module):
    def __init__(self, features: int, power: int = 2, *, rngs: nnx.Rngs):
        self.power = power
        self.bias = nnx.Param(nnx.initializers.normal()(rngs.params(), (features,)))

    def __call__(self, x):
        return (x + self.bias[...]) ** self.power


class Borrows(nnx.Module):
    """Has what the method of the other class reads."""

    def __init__(self, features: int, power: int = 3, *, rngs: nnx.Rngs):
        self.features = features
        self.power = power
        self.bias = nnx.Param(nnx.initializers.normal()(rngs.params(), (features,)))

    def scaled(self, x):
        return x * self.bias[...]

    def __call__(self, x):
        return Lends.__call__(self, x)


class CalledBefore(nn.Module):
    """Some of its variables are under its own name."""

    @nn.compact
    def __call__(self, x):
        dense = nn.Dense(3)
        x = dense(x)
        nn.share_scope(self, dense)
        return dense(x)


class Perhaps(nn.Module):
    shares: bool = True

    @nn.compact
    def __call__(self, x):
        dense = nn.Dense(3)
        if self.shares:
            nn.share_scope(self, dense)
        return dense(x)


class Counted(nn.Module):
    @nn.compact
    def __call__(self, x):
        dense = nn.Dense(3)
        nn.share_scope(self, dense)
        return nn.Dense(4)(dense(x))


class OtherWay(nn.Module):
    @nn.compact
    def __call__(self, x):
        dense = nn.Dense(3)
        nn.share_scope(dense, self)
        return dense(x)
