"""Modules that share the scope of a layer which they are given, so that Linen keeps the variables of both side by side."""
import dataclasses

import flax.linen as nn
import jax.numpy as jnp


class Adapter(nn.Module):
    rank: int
    features: int
    dtype: jnp.dtype | None = None

    @nn.compact
    def __call__(self, x):
        a = self.param("a", nn.initializers.normal(), (x.shape[-1], self.rank), self.dtype)
        b = self.param("b", nn.initializers.normal(), (self.rank, self.features), self.dtype)
        return x @ a @ b


class Adapted(nn.Module):
    """A dense layer with an adapter beside it."""

    _: dataclasses.KW_ONLY

    rank: int
    wrapped: nn.Dense

    def __post_init__(self):
        super().__post_init__()
        # as if the wrapper were not there
        if self.scope is not None:
            nn.share_scope(self, self.wrapped)

    @nn.compact
    def __call__(self, x):
        adapter = Adapter(name="lora", rank=self.rank, features=self.wrapped.features, dtype=self.wrapped.param_dtype)
        return self.wrapped(x) + adapter(x)


class InSetup(nn.Module):
    """What follows the layer is as wide as the layer says."""

    base: nn.Dense
    rank: int

    def setup(self):
        nn.share_scope(self, self.base)

    @nn.compact
    def __call__(self, x):
        a = self.param("a", nn.initializers.normal(), (x.shape[-1], self.rank))
        b = self.param("b", nn.initializers.normal(), (self.rank, self.base.features))
        y = nn.LayerNorm(name="norm")(self.base(x) + x @ a @ b)
        return y / self.base.features


class Unshared(nn.Module):
    """Its layer has a scope of its own."""

    inner: nn.Dense

    @nn.compact
    def __call__(self, x):
        scale = self.param("scale", nn.initializers.normal(), (self.inner.features,))
        return jnp.tanh(self.inner(x)) * scale if self.inner.use_bias else self.inner(x) * scale


class Net(nn.Module):
    """In a compact method the variables stand where those of the layer do."""

    @nn.compact
    def __call__(self, x):
        x = nn.relu(nn.Dense(6)(x))
        x = Adapted(rank=2, wrapped=nn.Dense(4))(x)
        x = nn.Dense(5)(x)
        x = InSetup(nn.Dense(4, name="adapted"), 2)(x)
        return Unshared(nn.Dense(3))(x)


class Stack(nn.Module):
    """In setup they stand where those of the module do."""

    features: int

    def setup(self):
        self.first = Adapted(rank=2, wrapped=nn.Dense(self.features))
        self.second = InSetup(nn.Dense(self.features, name="dense"), 2)
        self.head = nn.Dense(3)

    def __call__(self, x):
        return self.head(self.second(nn.relu(self.first(x))))


class Runs(nn.Module):
    inner: nn.Module

    def __call__(self, x):
        return nn.tanh(self.inner(x))


class Nested(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = Adapted(rank=1, wrapped=nn.Dense(4))(x)
        x = Runs(Adapted(rank=2, wrapped=nn.Dense(3)))(x)
        return Runs(nn.Dense(3))(x)


class NestedInSetup(nn.Module):
    def setup(self):
        self.runs = Runs(Adapted(rank=2, wrapped=nn.Dense(3)))
        self.layers = [Adapted(rank=1, wrapped=nn.Dense(3)) for _ in range(2)]
        self.dense = nn.Dense(3)
        self.beside = InSetup(self.dense, 2)

    def __call__(self, x):
        x = self.runs(x)
        for layer in self.layers:
            x = layer(x)
        return self.beside(x) + self.dense(x)


class Scaled(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        x = nn.Dense(self.features)(x)
        return x * self.param("scale", nn.initializers.normal(), (self.features,))


class OfTheProject(nn.Module):
    """Holds a class of the project."""

    inner: Scaled

    def __post_init__(self):
        super().__post_init__()
        if self.scope is not None:
            nn.share_scope(self, self.inner)

    @nn.compact
    def __call__(self, x):
        return self.inner(x) + self.param("shift", nn.initializers.normal(), (self.inner.features,))


class Whole(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = OfTheProject(Scaled(4))(x)
        return OfTheProject(Scaled(3))(x)
