"""nnx.GRUCell has no bias `b_hn`, which its documentation has."""
from flax import nnx

MENDED = None  # the flax that mends it


def reproduced() -> bool:
    """The biases of the recurrent kernel, and the formula."""
    documented = "b_{hn}" in (nnx.GRUCell.__doc__ or "")
    bias = nnx.GRUCell(3, 4, rngs=nnx.Rngs(0)).dense_h.bias
    print("documented:", documented, "- there:", bias is not None)
    return documented and bias is None


if __name__ == "__main__":
    print("reproduced" if reproduced() else "not reproduced")
