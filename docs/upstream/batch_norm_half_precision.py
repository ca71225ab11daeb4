"""nnx.BatchNorm(dtype=bfloat16) rounds its float32 statistics to bfloat16 before it uses them."""
import jax
import jax.numpy as jnp
import numpy as np
from flax import linen, nnx

MENDED = None  # the flax that mends it


def reproduced() -> bool:
    """The error of both kinds of BatchNorm in evaluation, against float64: activations far from zero, as after a ReLU."""
    x = 8 + jax.random.normal(jax.random.key(0), (64, 4))
    mean, var = x.mean(0), x.var(0)
    exact = (np.float64(x) - np.float64(mean)) / np.sqrt(np.float64(var) + 1e-5)
    new = nnx.BatchNorm(4, use_running_average=True, dtype=jnp.bfloat16, rngs=nnx.Rngs(0))
    new.mean[...], new.var[...] = mean, var
    old = linen.BatchNorm(use_running_average=True, dtype=jnp.bfloat16)
    ones, zeros = jnp.ones(4), jnp.zeros(4)
    variables = {"params": {"scale": ones, "bias": zeros}, "batch_stats": {"mean": mean, "var": var}}
    errors = [float(np.abs(np.float64(y) - exact).max()) for y in (old.apply(variables, x), new(x))]
    print("largest error: Linen {:.3g}, NNX {:.3g}".format(*errors))
    return errors[1] > 2 * errors[0]


if __name__ == "__main__":
    print("reproduced" if reproduced() else "not reproduced")
