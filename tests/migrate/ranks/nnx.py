"""Sizes of axes that are counted from the front."""
import chex
import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float


class Described(nnx.Module):
    """The docstring of the method says how many axes there are."""

    def __init__(self, in_features: int, kernel: int = 3, *, rngs: nnx.Rngs):
        self.w = nnx.Param(
            nnx.initializers.lecun_normal()(
                rngs.params(), (kernel, kernel, in_features, 8)
            )
        )

    def __call__(self, x, mask=None):
        """Convolve.

        Args:
            x (tensor): Images of shape [N, H, W, C].
            mask: Where to look, of shape (N, H) or (N, H, W).
        """
        x = x.astype(jnp.float32)
        w = self.w[...]
        return jax.lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))


class Typed(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.w = nnx.Param(nnx.initializers.normal()(rngs.params(), (in_features, 4)))

    def __call__(self, x: Float[Array, "batch time features"]):
        return x @ self.w[...]


class Checked(nnx.Module):
    def __init__(self, in_features: int, y_features: int, *, rngs: nnx.Rngs):
        self.w = nnx.Param(nnx.initializers.normal()(rngs.params(), (in_features, 4)))
        self.dense = nnx.Linear(y_features, 4, rngs=rngs)

    def __call__(self, x, y):
        chex.assert_rank(x, 2)
        if y.ndim != 3:
            raise ValueError(y.shape)
        return x @ self.w[...] + self.dense(y)[:, y.shape[1] - 1]


class Unpacked(nnx.Module):
    def __init__(self, in_shape: tuple[int, ...], *, rngs: nnx.Rngs):
        self.table = nnx.Param(
            nnx.initializers.normal()(rngs.params(), (in_shape[-2], in_shape[-1]))
        )

    def __call__(self, x):
        table = self.table[...]
        batch, time, features = x.shape
        return x + table


class Untold(nnx.Module):
    """The axes after the batch tell those that are counted from the front."""

    def __init__(self, in_shape: tuple[int, ...], *, rngs: nnx.Rngs):
        self.scale = nnx.Param(nnx.initializers.ones(rngs.params(), (in_shape[0],)))

    def __call__(self, x):
        return x * self.scale[...]


class Inner(nnx.Module):
    def __init__(self, in_shape: tuple[int, ...], width: int, *, rngs: nnx.Rngs):
        self.table = nnx.Param(
            nnx.initializers.normal()(rngs.params(), (in_shape[-2], width))
        )

    def __call__(self, x):
        """Add a table.

        Args:
          x: inputs, shape `(batch, time, features)`.
        """
        return x + self.table[...]


class Outer(nnx.Module):
    def __init__(self, in_shape: tuple[int, ...], *, rngs: nnx.Rngs):
        self.inner = Inner((in_shape[-2], in_shape[-1]), width=in_shape[-1], rngs=rngs)
        self.dense = nnx.Linear(in_shape[-1], in_shape[-1], rngs=rngs)

    def __call__(self, x):
        """Add a table to what a layer makes of the inputs.

        Args:
          x: inputs of shape (batch, time, features).
        """
        return self.inner(self.dense(x))


class Constant(nnx.Module):
    def __init__(self, start: float = 0.5, *, rngs: nnx.Rngs):
        table = jnp.full((3,), start)
        self.shift = nnx.Param(table)
        self.scale = nnx.Param(
            (lambda key, shape: jnp.ones(shape))(rngs.params(), (3,))
        )
        self.noise = nnx.Param(nnx.initializers.normal()(rngs.params(), (3,)))

    def __call__(self, x):
        shift = self.shift[...]
        scale = self.scale[...]
        return x * scale + shift + self.noise[...]


class OfTheBatch(nnx.Module):
    def __init__(self, w_shape: tuple[int, ...], *, rngs: nnx.Rngs):
        self.w = nnx.Param(nnx.initializers.normal()(rngs.params(), w_shape))

    def __call__(self, x):
        return x.T @ self.w[...]


class Anew(nnx.Module):
    """The check is of another array than the one that is given."""

    def __init__(self, scale_shape: tuple[int, ...], *, rngs: nnx.Rngs):
        self.scale = nnx.Param(nnx.initializers.ones(rngs.params(), scale_shape))

    def __call__(self, x):
        """Work on other axes.

        Args:
          x: inputs (batch, features, see Outer).
          y: shape (batch, features).
        """
        x = jax.image.resize(x, (1, 2, 3), "nearest")
        assert x.ndim == 3
        return x + self.scale[...]


class Several(nnx.Module):
    """Two shapes are none."""

    def __init__(self, scale_shape: tuple[int, ...], *, rngs: nnx.Rngs):
        self.scale = nnx.Param(nnx.initializers.ones(rngs.params(), scale_shape))

    def __call__(self, x):
        """Scale.

        Args:
          x: inputs of shape (batch, features) or of shape (batch, time, features).
        """
        y = jnp.cumsum(x + 1.0, axis=0) + jax.random.normal(jax.random.key(0), (3, 1, 1))
        return y * self.scale[...]


class LeftOut(nnx.Module):
    def __init__(self, scale_shape: tuple[int, ...], *, rngs: nnx.Rngs):
        self.scale = nnx.Param(nnx.initializers.ones(rngs.params(), scale_shape))

    def __call__(self, x: Float[Array, "*batch features"]):
        """Scale.

        Args:
          x: inputs of shape [batch..., features].
        """
        return nnx.relu(x + x[0]) * self.scale[...]
