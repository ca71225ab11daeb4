"""nnx.GroupNorm with `reduction_axes` repeats group statistics along axis 1, whatever axes are reduced."""
import jax
import jax.numpy as jnp
from flax import nnx

MENDED = None  # the flax that mends it


def reproduced() -> bool:
    """Statistics of each pixel's groups, against the formula."""
    x = jax.random.normal(jax.random.key(0), (2, 8, 8, 16))
    layer = nnx.GroupNorm(16, 4, reduction_axes=(-1,), use_bias=False, use_scale=False, rngs=nnx.Rngs(0))
    groups = x.reshape(2, 8, 8, 4, 4)
    expected = (groups - groups.mean(-1, keepdims=True)) / jnp.sqrt(groups.var(-1, keepdims=True) + 1e-6)
    error = jnp.abs(layer(x) - expected.reshape(x.shape)).max()
    print(f"largest error {error:.3g}")
    return bool(error > 1e-3)


if __name__ == "__main__":
    print("reproduced" if reproduced() else "not reproduced")
