"""setup that computes tables and numbers before anything is made of them."""
import flax.linen as nn
import jax.numpy as jnp
import numpy as np
from flax.linen.dtypes import promote_dtype


class Symmetric(nn.Module):
    """A filter shared between the permutations of the sites."""

    permutations: tuple
    features: int
    mask: tuple | None = None

    def setup(self):
        # how many there are
        self.n_symm, self.n_sites = np.asarray(self.permutations).shape
        if self.mask is not None:
            (self.kept,) = np.nonzero(np.asarray(self.mask))
        if self.features > 64:
            raise ValueError(f"{self.features} are too many for {self.n_symm} permutations")
        table = jnp.asarray(self.permutations)
        table = table.reshape(
            self.n_symm, self.n_sites
        ).transpose(1, 0)
        self.table = (
            table
            .reshape(self.n_sites, self.n_symm)
            .astype(jnp.int32)
        )

    @nn.compact
    def __call__(self, x):
        in_features = x.shape[-2]
        if self.mask is not None:
            free = self.param("kernel", nn.initializers.lecun_normal(), (self.features, in_features, len(self.kept)))
            kernel = jnp.zeros((self.features, in_features, self.n_sites)).at[:, :, self.kept].set(free)
        else:
            kernel = self.param(
                "kernel", nn.initializers.lecun_normal(), (self.features, in_features, self.n_sites)
            )
        # one dtype for all
        x, kernel, bias = promote_dtype(
            x,
            kernel,
            None,  # no bias
            dtype=None,
        )
        kernel = jnp.take(kernel, self.table, 2)
        return jnp.einsum("bis,fisg->bfg", x, kernel)


class Period(nn.Module):
    size: int
    period: int | None = None

    def setup(self):
        n, p = self.size, 2
        self._n, self._p = n, p
        if self.period is None:
            self._period = n
        else:
            self._period = self.period
        if n % self._period == 0 and self._period > 0:
            shape = (self._period, p)
        else:
            raise ValueError("the size is no multiple of the period")
        identity = jnp.repeat(jnp.eye(p)[None, 0], self._period, axis=0)
        self.identity = identity.reshape(shape)
        self.tensors = self.param("tensors", nn.initializers.normal(), shape)

    def __call__(self, x):
        tensors = jnp.tile(self.tensors + self.identity, (self._n // self._period, 1))
        return x[..., None] * tensors * self._p


class Rebound(nn.Module):
    """A table under a name that is bound again stays what it was."""

    size: int

    def setup(self):
        row = jnp.arange(self.size)
        self.row = row
        row = row.astype(jnp.float32)
        copy = row
        row = jnp.sin(row)
        self.sine, self.plain = row, copy

    def __call__(self, x):
        return x * self.sine + self.plain + self.row
