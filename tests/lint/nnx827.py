"""Flags that beat `.eval()`; flags that are passed, other layers and models that nobody evaluates stay silent."""
import torch
from flax import nnx


class Inner(nnx.Module):
    def __init__(self, rngs):
        self.drop = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.drop(x, deterministic=False)  # NNX827: 28


class Net(nnx.Module):
    def __init__(self, rngs):
        self.inner = Inner(rngs)
        self.norm = nnx.BatchNorm(2, rngs=rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)
        self.other = make(rngs)  # noqa: F821

    def __call__(self, x, train=False):
        x = self.norm(x, use_running_average=False)  # NNX827: 25
        x = self.other(x, deterministic=False)
        x = self.drop(x, deterministic=True)
        x = self.drop(x)
        return self.inner(self.drop(x, deterministic=not train))


class Moved(nnx.Module):
    def __init__(self, rngs):
        self.drop = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x, y=None, *, deterministic: bool = False):
        return self.drop(x, deterministic=deterministic)


class Unrelated(nnx.Module):
    def __init__(self, rngs):
        self.drop = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x, train=True):
        return self.drop(x) if train else x


class Never(nnx.Module):
    def __init__(self, rngs):
        self.drop = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.drop(x, deterministic=False)


class Torch(torch.nn.Module):
    def forward(self, x):
        return self.drop(x, deterministic=False)


def run(net: Net, never: Never, x):
    net.eval()
    return net(x) + never(x)


def moved(x):
    model = Moved(nnx.Rngs(0))
    model(x)
    model.eval()
    model(x, deterministic=True)
    model(x, x)  # NNX827: 4
    return model(x)  # NNX827: 11


def right(x, options):
    model, other = Moved(nnx.Rngs(0)), torch.nn.Dropout(0.5)
    model = Moved(nnx.Rngs(0))
    unrelated = Unrelated(nnx.Rngs(0))
    unrelated.eval()
    unrelated(x)
    model.eval()
    other.eval()
    other(x)
    model(x, **options)
    model.train()
    return model.drop(x)
