"""Modules that share the scope of a layer which they are given, where it cannot be told what stands there."""
import flax.linen as nn
import jax.numpy as jnp


class AnyModule(nn.Module):
    inner: nn.Module

    def __post_init__(self):
        super().__post_init__()
        if self.scope is not None:
            nn.share_scope(self, self.inner)

    def __call__(self, x):
        return jnp.tanh(self.inner(x))


class Perhaps(nn.Module):
    """Linen makes no variables for a layer that does not run."""

    inner: nn.Dense
    plain: bool = False

    def __post_init__(self):
        super().__post_init__()
        if self.scope is not None:
            nn.share_scope(self, self.inner)

    def __call__(self, x):
        return x if self.plain else self.inner(x)


class AfterReturn(nn.Module):
    inner: nn.Dense
    plain: bool = False

    def setup(self):
        nn.share_scope(self, self.inner)

    def __call__(self, x):
        if self.plain:
            return x
        return self.inner(x)


class SameName(nn.Module):
    """Linen refuses it too when it runs."""

    inner: nn.Dense

    def setup(self):
        nn.share_scope(self, self.inner)

    @nn.compact
    def __call__(self, x):
        return self.inner(x) + self.param("bias", nn.initializers.normal(), (self.inner.features,))


class ReadsInitializer(nn.Module):
    """NNX layers do not keep theirs."""

    inner: nn.Dense

    @nn.compact
    def __call__(self, x):
        return self.inner(x) * self.param("scale", self.inner.bias_init, (self.inner.features,))


class ReadsName(nn.Module):
    inner: nn.Dense

    def __call__(self, x):
        return self.inner(x) if self.inner.name == "plain" else -self.inner(x)


class HandsOn(nn.Module):
    inner: nn.Dense

    def __call__(self, x):
        return run(self.inner, x)


def run(layer, x):
    return layer(x)


class Adapted(nn.Module):
    inner: nn.Dense

    def __post_init__(self):
        super().__post_init__()
        if self.scope is not None:
            nn.share_scope(self, self.inner)

    @nn.compact
    def __call__(self, x):
        return self.inner(x) * self.param("scale", nn.initializers.normal(), (self.inner.features,))


class Around(nn.Module):
    """In setup Linen leaves the layer of the other where it is."""

    inner: Adapted

    def __post_init__(self):
        super().__post_init__()
        if self.scope is not None:
            nn.share_scope(self, self.inner)

    @nn.compact
    def __call__(self, x):
        return self.inner(x) * self.param("gain", nn.initializers.normal(), ())


class KeepsGoing(nn.Module):
    """More than the shared scope."""

    inner: nn.Dense
    power: int

    def __post_init__(self):
        super().__post_init__()
        if self.scope is not None:
            nn.share_scope(self, self.inner)
            self.power = 2

    def __call__(self, x):
        return self.inner(x) ** self.power


class Twice(nn.Module):
    """Both share one layer: the second finds the name of its own parameter taken."""

    def setup(self):
        self.dense = nn.Dense(3)
        self.first = Adapted(self.dense)
        self.second = Adapted(self.dense)

    def __call__(self, x):
        return self.first(x) + self.second(x)


class InTheCall(nn.Module):
    @nn.compact
    def __call__(self, x):
        dense = nn.Dense(3)
        return dense(x) + Adapted(dense)(x)


class ReadsFeatures(nn.Module):
    """Those of nnx.LinearGeneral are a tuple, though a number was given."""

    inner: nn.DenseGeneral

    @nn.compact
    def __call__(self, x):
        return self.inner(x) * self.param("scale", nn.initializers.normal(), (self.inner.features,))


class ReadsEquation(nn.Module):
    """The layer may have none in Linen."""

    inner: nn.Einsum

    def __call__(self, x, equation=None):
        return self.inner(x, self.inner.einsum_str or equation)


class Computes(nn.Module):
    """More than its settings is asked of a layer that never runs."""

    inner: nn.Einsum

    @nn.compact
    def __call__(self, x):
        kernel = self.param("kernel", self.inner.kernel_init, self.inner.shape)
        shape, _ = self.inner._get_bias_shape(self.inner.einsum_str, x, kernel)
        return jnp.einsum(self.inner.einsum_str, x, kernel) + self.param("bias", self.inner.bias_init, shape)


class Settings(nn.Module):
    inner: nn.Dense

    @nn.compact
    def __call__(self, x):
        return x @ self.param("kernel", self.inner.kernel_init, (x.shape[-1], self.inner.features))


class GivesSettings(nn.Module):
    """NNX takes them one by one."""

    @nn.compact
    def __call__(self, x):
        return Settings(nn.Dense(3))(x)


class AsksItsOwn(nn.Module):
    def setup(self):
        self.dense = nn.DenseGeneral(3)

    def __call__(self, x):
        return self.dense(x) / self.dense.features
