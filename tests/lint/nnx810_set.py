"""Training flags that something else sets, or that belong to other libraries."""
import torch
from flax import nnx


class Set(nnx.Module):
    def __init__(self):
        self.training = True

    def __call__(self, x):
        return x if self.training else -x


class Own(nnx.Module):
    def __init__(self):
        self.is_training = True

    def __call__(self, x):
        return x if self.is_training else -x

    def eval(self, **attributes):
        self.is_training = False


class Torch(torch.nn.Module):
    def __init__(self):
        self.is_training = True

    def forward(self, x):
        return x if self.is_training else -x


class NotSet(nnx.Module):
    def __init__(self):
        self.train_mode = True  # NNX810: 8

    def __call__(self, x):
        return x if self.train_mode else -x


def predict(x):
    model, own, other = Set(), Own(), Torch()
    model.eval(training=False)
    own.eval()
    other.eval()
    NotSet().train()
    return model(x), own(x)
