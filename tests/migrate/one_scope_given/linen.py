"""Modules that share the scope of a layer which they are given, so that Linen keeps the variables of both side by side."""
import dataclasses
from collections.abc import Sequence

import flax.linen as nn
import jax
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


class EinsumAdapter(nn.Module):
    rank: int
    einsum_str: str
    shape: tuple[int, ...]

    def setup(self):
        left, right = self.einsum_str.split("->")
        x, kernel = left.split(",")
        self.equation = f"{x},{kernel[:-1]}r,r{kernel[-1]}->{right}"
        self.a = self.param("a", nn.initializers.normal(), (*self.shape[:-1], self.rank))
        self.b = self.param("b", nn.initializers.normal(), (self.rank, self.shape[-1]))

    def __call__(self, x):
        return jnp.einsum(self.equation, x, self.a, self.b)


class AdaptedEinsum(nn.Module):
    """Where the layer runs with its own equation, a call may give no other."""

    rank: int
    wrapped: nn.Einsum

    def __post_init__(self):
        super().__post_init__()
        if self.scope is not None:
            nn.share_scope(self, self.wrapped)

    @nn.compact
    def __call__(self, x, einsum_str: str | None = None):
        einsum_str = nn.merge_param("einsum_str", self.wrapped.einsum_str, einsum_str)
        adapter = EinsumAdapter(self.rank, einsum_str, self.wrapped.shape, name="lora")
        return self.wrapped(x) + adapter(x)


class GeneralAdapter(nn.Module):
    features: int | Sequence[int]
    axis: int | Sequence[int]
    batch_dims: Sequence[int]

    @nn.compact
    def __call__(self, x):
        features = nn.linear._canonicalize_tuple(self.features)
        axis = nn.linear._normalize_axes(nn.linear._canonicalize_tuple(self.axis), x.ndim)
        batch = nn.linear._canonicalize_tuple(self.batch_dims)
        shape = tuple(x.shape[i] for i in (*batch, *axis))
        kernel = self.param("kernel", nn.initializers.normal(), (*shape, *features))
        contract = tuple(range(len(batch), len(batch) + len(axis)))
        return jax.lax.dot_general(x, kernel, ((axis, contract), (batch, tuple(range(len(batch))))))


class AdaptedGeneral(nn.Module):
    """NNX makes tuples of what Linen keeps as it is given: the class that takes it does so too."""

    wrapped: nn.DenseGeneral

    def __post_init__(self):
        super().__post_init__()
        if self.scope is not None:
            nn.share_scope(self, self.wrapped)

    @nn.compact
    def __call__(self, x):
        adapter = GeneralAdapter(self.wrapped.features, self.wrapped.axis, batch_dims=self.wrapped.batch_dims)
        return self.wrapped(x) + adapter(x)


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


class Quantized(nn.Module):
    """Never runs the layer: its variables are those of this class, under the names of the layer."""

    method: str
    wrapped: nn.Dense
    plus: float = 0.0

    def __post_init__(self):
        super().__post_init__()
        if self.scope is not None:
            nn.share_scope(self, self.wrapped)

    @nn.compact
    def __call__(self, x):
        shape = (x.shape[-1], self.wrapped.features)
        kernel = self.param("kernel", self.wrapped.kernel_init, shape, dtype=self.wrapped.param_dtype)
        kernel = jnp.round(kernel * 8) / 8 if self.method == "round" else kernel
        y = x @ kernel.astype(self.wrapped.dtype or x.dtype)
        if self.wrapped.use_bias:
            y += self.param("bias", self.wrapped.bias_init, (self.wrapped.features,), self.wrapped.param_dtype)
        return y + self.plus


class SettingsAlone(nn.Module):
    """Without a shared scope there is no difference."""

    inner: nn.BatchNorm

    @nn.compact
    def __call__(self, x):
        return x * self.inner.momentum + self.param("shift", self.inner.bias_init, (x.shape[-1],))


class OwnWeight(nn.Module):
    """Nothing of the layer is needed but its place among the variables."""

    name_of_weight: str
    wrapped: Scaled

    def __post_init__(self):
        super().__post_init__()
        if self.scope is not None:
            nn.share_scope(self, self.wrapped)

    @nn.compact
    def __call__(self, x):
        return x * self.param(self.name_of_weight, nn.initializers.normal(), (4,))


class Images(nn.Module):
    """A convolution tells how many channels there are."""

    conv: nn.Conv

    @nn.compact
    def __call__(self, x):
        shift = self.param("shift", nn.initializers.normal(), (x.shape[-1],))
        return self.conv(x), nn.LayerNorm()(x) + shift


class AsksItsOwn(nn.Module):
    """Layers of its own have other names for their settings too."""

    features: int

    def setup(self):
        self.dense = nn.Dense(self.features)

    def __call__(self, x):
        return self.dense(x) / self.dense.features
