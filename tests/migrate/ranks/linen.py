"""Sizes of axes that are counted from the front."""
import chex
import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float


class Described(nn.Module):
    """The docstring of the method says how many axes there are."""

    kernel: int = 3

    @nn.compact
    def __call__(self, x, mask=None):
        """Convolve.

        Args:
            x (tensor): Images of shape [N, H, W, C].
            mask: Where to look, of shape (N, H) or (N, H, W).
        """
        x = x.astype(jnp.float32)
        w = self.param("w", nn.initializers.lecun_normal(), (self.kernel, self.kernel, x.shape[3], 8))
        return jax.lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))


class Typed(nn.Module):
    @nn.compact
    def __call__(self, x: Float[Array, "batch time features"]):
        return x @ self.param("w", nn.initializers.normal(), (x.shape[2], 4))


class Checked(nn.Module):
    @nn.compact
    def __call__(self, x, y):
        chex.assert_rank(x, 2)
        if y.ndim != 3:
            raise ValueError(y.shape)
        return x @ self.param("w", nn.initializers.normal(), (x.shape[1], 4)) + nn.Dense(4)(y)[:, y.shape[1] - 1]


class Unpacked(nn.Module):
    @nn.compact
    def __call__(self, x):
        table = self.param("table", nn.initializers.normal(), (x.shape[1], x.shape[2]))
        batch, time, features = x.shape
        return x + table


class Untold(nn.Module):
    """The axes after the batch tell those that are counted from the front."""

    @nn.compact
    def __call__(self, x):
        return x * self.param("scale", nn.initializers.ones, (x.shape[1],))


class Inner(nn.Module):
    width: int

    @nn.compact
    def __call__(self, x):
        """Add a table.

        Args:
          x: inputs, shape `(batch, time, features)`.
        """
        return x + self.param("table", nn.initializers.normal(), (x.shape[1], self.width))


class Outer(nn.Module):
    @nn.compact
    def __call__(self, x):
        """Add a table to what a layer makes of the inputs.

        Args:
          x: inputs of shape (batch, time, features).
        """
        return Inner(width=x.shape[2])(nn.Dense(x.shape[2])(x))


class Constant(nn.Module):
    start: float = 0.5

    @nn.compact
    def __call__(self, x):
        table = jnp.full((3,), self.start)
        shift = self.param("shift", lambda *_: table)
        scale = self.param("scale", lambda key, shape: jnp.ones(shape), (3,))
        return x * scale + shift + self.param("noise", nn.initializers.normal(), (3,))


class OfTheBatch(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x.T @ self.param("w", nn.initializers.normal(), (x.shape[0], 4))


class Anew(nn.Module):
    """The check is of another array than the one that is given."""

    @nn.compact
    def __call__(self, x):
        """Work on other axes.

        Args:
          x: inputs (batch, features, see Outer).
          y: shape (batch, features).
        """
        x = jax.image.resize(x, (1, 2, 3), "nearest")
        assert x.ndim == 3
        return x + self.param("scale", nn.initializers.ones, (x.shape[1],))


class Several(nn.Module):
    """Two shapes are none."""

    @nn.compact
    def __call__(self, x):
        """Scale.

        Args:
          x: inputs of shape (batch, features) or of shape (batch, time, features).
        """
        y = jnp.cumsum(x + 1.0, axis=0) + jax.random.normal(jax.random.key(0), (3, 1, 1))
        return y * self.param("scale", nn.initializers.ones, (y.shape[1],))


class LeftOut(nn.Module):
    @nn.compact
    def __call__(self, x: Float[Array, "*batch features"]):
        """Scale.

        Args:
          x: inputs of shape [batch..., features].
        """
        return nn.relu(x + x[0]) * self.param("scale", nn.initializers.ones, (nn.relu(x + x[0]).shape[1],))
