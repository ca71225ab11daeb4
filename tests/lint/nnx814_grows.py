"""Sown values that grow under nnx.jit; reduced ones and those of modules that nothing jits stay silent."""
import jax
from flax import nnx


class Layer(nnx.Module):
    def __call__(self, x):
        self.sow(nnx.Intermediate, "h", x)  # NNX814: 8
        return x


class Net(nnx.Module):
    def __init__(self):
        self.layer = Layer()

    def __call__(self, x):
        return self.layer(x)


@nnx.jit
def predict(model: Net, x):
    return model(x)


# ---- silent -------------------------------------------------------------------------------------------------------


class Reduced(nnx.Module):
    def __call__(self, x):
        self.sow(nnx.Intermediate, "h", x, reduce_fn=lambda old, new: new, init_fn=lambda: 0)
        self.sow(nnx.Intermediate, "h", x, lambda old, new: new)
        return x


class NotJitted(nnx.Module):
    def __call__(self, x):
        self.sow(nnx.Intermediate, "h", x)
        return x


@nnx.jit
def reduced(model: Reduced, x):
    return model(x)


@jax.jit
def pure(model: NotJitted, x):
    return model(x)


def plain(model: NotJitted, x):
    return model(x)
