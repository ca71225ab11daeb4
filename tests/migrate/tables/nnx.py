"""setup that computes tables and numbers before anything is made of them."""
from flax import nnx
import jax.numpy as jnp
import numpy as np


class Symmetric(nnx.Module):
    """A filter shared between the permutations of the sites."""

    def __init__(
        self,
        in_features: int,
        permutations: tuple,
        features: int,
        mask: tuple | None = None,
        *,
        rngs: nnx.Rngs,
    ):
        self.features = features
        self.mask = mask
        # how many there are
        self.n_symm, self.n_sites = np.asarray(permutations).shape
        if mask is not None:
            (self.kept,) = np.nonzero(np.asarray(mask))
        if features > 64:
            raise ValueError(f"{features} are too many for {self.n_symm} permutations")
        table = jnp.asarray(permutations)
        table = table.reshape(self.n_symm, self.n_sites).transpose(1, 0)
        self.table = table.reshape(self.n_sites, self.n_symm).astype(jnp.int32)
        if mask is not None:
            self.kernel = nnx.Param(
                nnx.initializers.lecun_normal()(
                    rngs.params(), (features, in_features, len(self.kept))
                )
            )
        else:
            self.kernel = nnx.Param(
                nnx.initializers.lecun_normal()(
                    rngs.params(), (features, in_features, self.n_sites)
                )
            )

    def __call__(self, x):
        in_features = x.shape[-2]
        if self.mask is not None:
            free = self.kernel[...]
            kernel = jnp.zeros((self.features, in_features, self.n_sites)).at[:, :, self.kept].set(free)
        else:
            kernel = self.kernel[...]
        # one dtype for all
        x, kernel, bias = nnx.nn.dtypes.promote_dtype(
            (x, kernel, None),  # no bias
            dtype=None,
        )
        kernel = jnp.take(kernel, self.table, 2)
        return jnp.einsum("bis,fisg->bfg", x, kernel)


class Period(nnx.Module):
    def __init__(self, size: int, period: int | None = None, *, rngs: nnx.Rngs):
        n, p = size, 2
        self._n, self._p = n, p
        if period is None:
            self._period = n
        else:
            self._period = period
        if n % self._period == 0 and self._period > 0:
            shape = (self._period, p)
        else:
            raise ValueError("the size is no multiple of the period")
        identity = jnp.repeat(jnp.eye(p)[None, 0], self._period, axis=0)
        self.identity = identity.reshape(shape)
        self.tensors = nnx.Param(nnx.initializers.normal()(rngs.params(), shape))

    def __call__(self, x):
        tensors = jnp.tile(self.tensors[...] + self.identity, (self._n // self._period, 1))
        return x[..., None] * tensors * self._p


class Rebound(nnx.Module):
    """A table under a name that is bound again stays what it was."""

    def __init__(self, size: int, *, rngs: nnx.Rngs):
        row = jnp.arange(size)
        self.row = row
        row = row.astype(jnp.float32)
        copy = row
        row = jnp.sin(row)
        self.sine, self.plain = row, copy

    def __call__(self, x):
        return x * self.sine + self.plain + self.row
