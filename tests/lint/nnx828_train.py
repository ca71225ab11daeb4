"""`.eval()` under nnx.jit in a file that switches back; the line that is flagged is another rule's."""
from flax import nnx


@nnx.jit
def train_step(model: nnx.Dropout, optimizer, x):
    model.train()
    optimizer.update(model, nnx.grad(lambda model: model(x).sum())(model))


@nnx.jit
def eval_step(model, x, rngs=nnx.Rngs(0)):  # NNX821: 29
    model.eval()
    return model(x)
