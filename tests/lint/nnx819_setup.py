"""`setup` on NNX classes, which nothing calls, and classes of other libraries that have one."""
import haiku as hk
import torch
from flax import nnx


class Net(nnx.Module):
    def setup(self):  # NNX819: 4
        self.layer = nnx.Linear(2, 2, rngs=nnx.Rngs(0))

    def __call__(self, x):
        return self.layer(x)


# ---- silent -------------------------------------------------------------------------------------------------------


class Prepares(nnx.Module):
    def setup(self, rngs):
        self.rngs = rngs


class FromElsewhere(nnx.Module, Trainer):  # noqa: F821
    def setup(self):
        self.step = 0


class Haiku(hk.Module):
    def setup(self):
        return 1


class Torch(torch.nn.Module):
    def setup(self):
        return 1


class Plain:
    def setup(self):
        return 1
