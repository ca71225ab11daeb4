"""Evaluation in a file that changes the mode of a model is silent; the line that is flagged is another rule's."""
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs):
        self.norm = nnx.BatchNorm(2, rngs=rngs)

    def __call__(self, x):
        return self.norm(x)


def evaluate(model, x):
    return model(x).sum()


def main(x):
    model = Net(nnx.Rngs(0))
    model.eval()
    return evaluate(model, x), model.norm.scale.value  # NNX822: 31
