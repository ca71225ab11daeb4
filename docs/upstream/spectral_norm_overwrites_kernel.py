"""nnx.SpectralNorm overwrites the kernel of its layer at each call, in evaluation too."""
import jax.numpy as jnp
import numpy as np
from flax import nnx

MENDED = None  # the flax that mends it


def reproduced() -> bool:
    """The kernel before and after one call in evaluation."""
    layer = nnx.SpectralNorm(nnx.Linear(4, 4, rngs=nnx.Rngs(0)), rngs=nnx.Rngs(1))
    before = np.array(layer.layer_instance.kernel[...])
    layer(jnp.ones((1, 4)), update_stats=False)
    change = np.abs(np.array(layer.layer_instance.kernel[...]) - before).max()
    print(f"the kernel changed by {change:.3g}")
    return bool(change > 0)


if __name__ == "__main__":
    print("reproduced" if reproduced() else "not reproduced")
