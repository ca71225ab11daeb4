"""Sown values that nothing collects; known collections, other `sow` methods, Linen and other libraries stay silent."""
import flax.linen as nn
from flax import nnx


class Loss(nnx.Intermediate):
    pass


@nnx.register_variable_name("metrics")
class Metric(nnx.Variable):
    pass


class Net(nnx.Module):
    def __call__(self, x):
        self.sow("losses", "l", x)  # NNX814: 8
        self.sow("aux", "l", x, reduce_fn=lambda a, b: a + b)  # NNX814: 8

        # ---- silent -----------------------------------------------------------------------------------------------

        self.sow("intermediates", "h", x)
        self.sow("metrics", "h", x)
        self.sow(nnx.Intermediate, "h", x)
        self.sow(Loss, "h", x)
        self.sow(x, "h", x)
        self.layer.sow("losses", "h", x)
        return x


class Own(nnx.Module):
    def sow(self, kind, value):
        return value

    def __call__(self, x):
        return self.sow("losses", x)


class Old(nn.Module):  # NNX103: 10
    @nn.compact  # NNX101: 5
    def __call__(self, x):
        self.sow("losses", "l", x)  # NNX203: 8
        return x


class Farm:
    def grow(self):
        self.sow("wheat", 1)


@nnx.jit
def predict(model: Net, x):
    y = model(x)
    return y, nnx.pop(model, nnx.Intermediate)
