"""nnx.dot_product_attention without dropout ignores `precision=`."""
import jax
import jax.numpy as jnp
from flax import nnx

MENDED = None  # the flax that mends it


def reproduced() -> bool:
    """Whether the products of the traced program have the precision that was asked for."""
    query = jnp.ones((1, 5, 4, 8))
    call = lambda module: jax.make_jaxpr(  # noqa: E731
        lambda q: nnx.dot_product_attention(q, q, q, precision="highest", module=module)
    )(query)
    fast, slow = str(call(None)), str(call(False))
    print("HIGHEST with the fast path:", "HIGHEST" in fast, "- without it:", "HIGHEST" in slow)
    return "HIGHEST" in slow and "HIGHEST" not in fast


if __name__ == "__main__":
    print("reproduced" if reproduced() else "not reproduced")
