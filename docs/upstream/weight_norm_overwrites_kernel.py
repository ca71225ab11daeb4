"""nnx.WeightNorm overwrites the kernel of its layer at each call, so that the scale is applied over and over."""
import jax.numpy as jnp
import numpy as np
from flax import nnx

MENDED = None  # the flax that mends it


def reproduced() -> bool:
    """The kernel before and after one call."""
    layer = nnx.WeightNorm(nnx.Linear(4, 4, rngs=nnx.Rngs(0)), use_scale=False, rngs=nnx.Rngs(1))
    before = np.array(layer.layer_instance.kernel[...])
    layer(jnp.ones((1, 4)))
    change = np.abs(np.array(layer.layer_instance.kernel[...]) - before).max()
    print(f"the kernel changed by {change:.3g}")
    return bool(change > 0)


if __name__ == "__main__":
    print("reproduced" if reproduced() else "not reproduced")
