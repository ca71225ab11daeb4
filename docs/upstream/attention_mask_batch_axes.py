"""nnx.dot_product_attention without dropout refuses a mask that broadcasts over one of several batch axes."""
import jax
import jax.numpy as jnp
from flax import nnx

MENDED = None  # the flax that mends it


def reproduced() -> bool:
    """The same call with and without the fast path, which `module=` turns off."""
    query = jax.random.normal(jax.random.key(0), (2, 3, 5, 4, 8))
    mask = jnp.tril(jnp.ones((2, 1, 1, 5, 5), bool))
    slow = nnx.dot_product_attention(query, query, query, mask=mask, module=False)
    print("without the fast path:", slow.shape)
    try:
        fast = nnx.dot_product_attention(query, query, query, mask=mask)
    except TypeError as error:
        print("with it:", error)
        return True
    print("with it:", fast.shape)
    return False


if __name__ == "__main__":
    print("reproduced" if reproduced() else "not reproduced")
