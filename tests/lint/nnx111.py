"""Submodules created in a compact method, as opposed to modules created anywhere else."""
from functools import partial

import flax.linen as nn
import torch.nn as tnn
from flax import nnx

from elsewhere import Adapter


class Inner(nn.Module):  # NNX103: 12
    width: int = 3  # NNX104: 4

    @nn.compact  # NNX101: 5
    def __call__(self, x):
        return nn.Dense(self.width)(x)  # NNX110: 15


class Sub(Inner):
    pass


class Outer(nn.Module):  # NNX103: 12
    rate: float = 0.5  # NNX104: 4

    @nn.compact  # NNX101: 5
    def __call__(self, tokens, train: bool):
        x = nn.Embed(10, 3)(tokens)  # NNX111: 12
        x = nn.Dropout(self.rate, deterministic=not train)(x)  # NNX111: 12
        x = Inner()(x)  # NNX111: 12
        x = Sub(width=4)(x)  # NNX111: 12
        x = nn.Sequential([Inner(3), nn.relu])(x)  # NNX111: 12 NNX111: 27
        x = nn.PReLU()(x)  # NNX111: 12
        drop = partial(nn.Dropout, deterministic=not train)  # NNX113: 15
        x = drop(0.1)(x)  # NNX111: 12
        x = nn.remat(Inner)(3)(x)  # NNX111: 12 NNX503: 12
        for width in (1, 2):
            x = Inner(width)(x)  # NNX111: 16
        return self.head(x)

    @nn.compact  # NNX101: 5
    def head(self, x):
        branch = Inner() if self.rate else Sub()  # NNX111: 17 NNX111: 43
        return branch(x)


# ---- silent -------------------------------------------------------------------------------------------------------


class InSetup(nn.Module):  # noqa: NNX103
    def setup(self):  # noqa: NNX102
        self.embed = nn.Embed(10, 3)  # NNX113: 21
        self.inner = Inner()
        self.drop = nn.Dropout(0.5)  # NNX113: 20

    def __call__(self, tokens):
        return self.inner(self.embed(tokens))

    def bare(self, x):
        return Inner()(x)


class NoModules(nn.Module):  # noqa: NNX103
    @nn.compact  # noqa: NNX101
    def __call__(self, x):
        config = dict(width=3)
        adapter = Adapter(3)
        torch = tnn.Dropout(0.5)
        kept = nnx.bridge.ToNNX(Inner(), rngs=nnx.Rngs(0))
        return nn.relu(x), config, adapter, torch, kept


class Converted(nnx.Module):
    def __init__(self, *, rngs: nnx.Rngs):
        self.embed = nnx.Embed(10, 3, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.dropout(self.embed(x))


model = Inner(3)
models = [Outer(), nn.Dropout(0.5), nn.Embed(3, 4)]  # NNX113: 19 NNX113: 36


def build():
    return Outer(rate=0.1)
