"""Lazily shaped layers: every spelling of a construction, and what only looks like one."""
import functools
from functools import partial
from typing import Any, Callable

import equinox as eqx
import flax
import flax.linen as nn
import haiku as hk
import jax
import torch
from flax import linen, nnx
from flax.linen import Conv, Dense
from flax.linen.linear import DenseGeneral
from torch import nn as tnn

from . import layers
from .layers import Linear


class Block(nn.Module):  # NNX103: 12
    features: int  # NNX104: 4
    norm_cls: Callable = nn.LayerNorm  # NNX104: 4

    @nn.compact  # NNX101: 5
    def __call__(self, x, train: bool = True):
        norm = partial(nn.BatchNorm, use_running_average=not train)  # NNX110: 15
        conv = functools.partial(nn.Conv, use_bias=False)  # NNX110: 15
        y = conv(self.features, (3, 3))(x)  # NNX110: 12
        y = norm()(y)  # NNX110: 12
        y = Conv(3, (1, 1))(y)  # NNX110: 12
        y = DenseGeneral((2, 3))(y)  # NNX110: 12
        y = linen.GroupNorm(num_groups=3)(y)  # NNX110: 12
        y = flax.linen.MultiHeadDotProductAttention(num_heads=4)(y, y)  # NNX110: 12
        y = nn.remat(nn.Dense)(4)(y)  # NNX110: 12 NNX503: 12
        for width in (1, 2):
            y = nn.Dense(width)(y)  # NNX110: 16

        def head(z):
            return nn.Dense(1)(z)  # NNX110: 19

        return head(self.norm_cls()(y))


class Setup(nn.Module):  # NNX103: 12
    def setup(self):  # NNX102: 4
        self.dense = Dense(3)  # NNX110: 21
        self.stack = [nn.Dense(f) for f in (3, 4)]  # NNX110: 22
        self.pair = nn.Dense(3), nn.Dense(4)  # NNX110: 20 NNX110: 33

    def __call__(self, x):
        return self.dense(x)


model = nn.Dense(features=10)  # NNX110: 8
mlp = nn.Sequential([nn.Dense(3), nn.relu, nn.Dense(4)])  # NNX110: 21 NNX110: 43 NNX113: 6


def build(width):
    cell = nn.LSTMCell(width)  # NNX110: 11
    return nn.Dense(width), cell  # NNX110: 11


def conditional(flag):
    Layer = nn.Dense
    if flag:
        return Layer(3)  # NNX110: 15
    return (lambda: nn.Conv(3, (3,)))()  # NNX110: 20


# ---- silent -------------------------------------------------------------------------------------------------------


class Fixed(nn.Module):  # noqa: NNX103
    layer: Any = nn.Dense  # noqa: NNX104

    def __call__(self, x):
        return self.layer(3)(x)


class Converted(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.dense = nnx.Linear(3, 4, rngs=rngs)
        self.conv = nnx.Conv(3, 4, kernel_size=(3, 3), rngs=rngs)
        self.norm = nnx.BatchNorm(4, rngs=rngs)
        self.kept = nnx.bridge.ToNNX(nn.Dense(3), rngs=rngs)


embedding = nn.Embed(10, 3)  # NNX113: 12
dropout = nn.Dropout(0.5)  # NNX113: 10
slope = nn.PReLU()  # NNX113: 8
bridged = nnx.bridge.ToNNX(nn.BatchNorm(True), rngs=nnx.Rngs(0))

torch_layers = [tnn.Linear(3, 4), tnn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(3), torch.nn.LayerNorm(3)]
haiku_layers = [hk.Linear(3), hk.Conv2D(3, 3), hk.LayerNorm(-1, True, True)]
equinox_layers = [eqx.nn.Linear(3, 4, key=None), eqx.nn.Conv(2, 3, 4, 3)]
own_layers = [layers.Dense(3), Linear(3), layers.nn.Conv(3)]
activations = [nn.relu(3), jax.nn.gelu(3), nn.initializers.lecun_normal()(3)]
held = {"dense": nn.Dense, "conv": Conv}
other_partial = partial(tnn.Linear, bias=False)


def shadow(nn, Dense):
    return nn.Dense(3), Dense(4)


def torch_here():
    from torch import nn

    return nn.Conv(3), nn.LayerNorm(3)


def nnx_here():
    from flax import nnx as nn

    return nn.Conv(3, 4, (3, 3), rngs=nn.Rngs(0)), nn.LayerNorm(3, rngs=nn.Rngs(0))


def rebound():
    dense = nn.Dense
    dense = tnn.Linear
    return dense(3, 4)


def from_loop(classes):
    return [Dense(3) for Dense in classes]


def caught():
    try:
        return 1
    except ValueError as nn:
        return nn.Dense(3)


def Conv1D(features):
    return lambda x: x


class LayerNorm:
    pass


made = [Conv1D(3), LayerNorm()]
