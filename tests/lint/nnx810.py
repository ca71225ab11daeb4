"""Training flags that `.eval()` does not set; unused ones and other libraries stay silent."""
import equinox as eqx
import torch
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs):
        self.layer = nnx.Linear(2, 2, rngs=rngs)
        self.training = True  # NNX810: 8

    def __call__(self, x):
        return self.layer(x) if self.training else x


class Given(nnx.Module):
    def __init__(self, is_training):
        self.is_training = is_training  # NNX810: 8

    def __call__(self, x):
        return x if self.is_training else -x


# ---- silent -------------------------------------------------------------------------------------------------------


class Unused(nnx.Module):
    def __init__(self):
        self.train_mode = True


class Standard(nnx.Module):
    def __init__(self):
        self.deterministic = False

    def __call__(self, x):
        return x if self.deterministic else -x


class NotSwitched(nnx.Module):
    def __init__(self):
        self.mode = True

    def __call__(self, x):
        return x if self.mode else -x


def predict(x, unknown):
    model, given = Net(nnx.Rngs(0)), Given(True)
    model.eval()
    given.train()
    unused, standard = Unused(), Standard()
    unused.eval()
    standard.eval()
    NotSwitched()(x)
    unknown.eval()
    return model(x), given(x)


class Torch(torch.nn.Module):
    def __init__(self):
        self.training_torch = True

    def forward(self, x):
        return x if self.training_torch else -x


class Equinox(eqx.Module):
    def __call__(self, x):
        return x if self.training_torch else -x


Torch().eval()
Equinox().eval()
