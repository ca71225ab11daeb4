"""One mask for all is silent where a file changes modes; the line that is flagged is another rule's."""
from flax import nnx


def inference(cell: nnx.Dropout, x):
    cell.eval()
    print(cell.rngs, nnx.Linear(2, 2, rngs=nnx.Rngs(0)).bias.value)  # NNX822: 21
    return nnx.vmap(lambda m, x: m(x), in_axes=(None, 0))(cell, x)
