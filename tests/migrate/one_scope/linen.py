"""Layers whose variables Linen keeps among those of the module that makes them."""
import flax.linen as nn
import jax
import jax.numpy as jnp


class Weight(nn.Module):
    shape: tuple[int, ...]
    name_of_weight: str = "w"

    @nn.compact
    def __call__(self, x):
        return x @ self.param(self.name_of_weight, nn.initializers.normal(), self.shape)


class Gated(nn.Module):
    hidden: int
    features: int
    wide: bool = False

    @nn.compact
    def __call__(self, x):
        if self.wide:
            gating = Weight((self.features, 2 * self.hidden), name_of_weight="gating")
        else:
            gating = Weight((self.features, self.hidden), name_of_weight="gating")
        # as in checkpoints of before
        nn.share_scope(self, gating)
        x = nn.LayerNorm()(jnp.tanh(gating(x)))
        linear = Weight((2 * self.hidden if self.wide else self.hidden, self.features), name_of_weight="linear")
        nn.share_scope(self, linear)
        return linear(x)


class Adapted(nn.Module):
    """The docs of `share_scope` have this one."""

    features: int
    rank: int

    def setup(self):
        self.child = nn.Dense(self.features)
        nn.share_scope(self, self.child)

    @nn.compact
    def __call__(self, x):
        a = self.param("a", nn.initializers.normal(), (x.shape[-1], self.rank))
        b = self.param("b", nn.initializers.normal(), (self.rank, self.features))
        return self.child(x) + x @ a @ b


class Layers(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        inner = Gated(self.features, 3)
        nn.share_scope(self, inner)
        with jax.named_scope("inner"):
            x = inner(x)
        return nn.Dense(2, name="head")(x)


class Lends(nn.Module):
    features: int
    power: int = 2

    @nn.compact
    def __call__(self, x):
        return (x + self.param("bias", nn.initializers.normal(), (self.features,))) ** self.power


class Borrows(nn.Module):
    """Has what the method of the other class reads."""

    features: int
    power: int = 3

    @nn.compact
    def scaled(self, x):
        return x * self.param("bias", nn.initializers.normal(), (self.features,))

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
