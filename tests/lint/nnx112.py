"""Layers without a twin, and layers that have one."""
from functools import partial

import flax.linen as nn
import haiku as hk
from flax import linen, nnx
from flax.linen import MGUCell


class Cells(nn.Module):  # NNX103: 12
    @nn.compact  # NNX101: 5
    def __call__(self, x):
        x = nn.ConvLocal(3, (3,))(x)  # NNX112: 12
        carry, x = MGUCell(3)(x, x)  # NNX112: 19
        return nn.BatchApply(nn.relu)(x)  # NNX112: 15


cell = linen.MGUCell(features=4)  # NNX112: 7
dot = nn.Fp8DotGeneral()  # NNX112: 6
local = partial(nn.ConvLocal, kernel_size=(3,))  # NNX112: 8
made = local(3)  # NNX112: 7


# ---- silent -------------------------------------------------------------------------------------------------------


class Kept(nnx.Module):
    def __init__(self, *, rngs: nnx.Rngs):
        self.cell = nnx.bridge.ToNNX(nn.MGUCell(3), rngs=rngs)
        self.gru = nnx.GRUCell(3, 4, rngs=rngs)
        self.lstm = nnx.OptimizedLSTMCell(3, 4, rngs=rngs)

    def __call__(self, carry, x):
        return self.cell(carry, x)


class Sub(nnx.Module):
    def __call__(self, x):
        return x


gru = hk.GRU(3)
held = nn.ConvLocal
names = ["ConvLocal", "MGUCell"]
embed = nn.Embed(3, 4)  # NNX113: 8
dropout = nn.Dropout(0.1)  # NNX113: 10
function = nn.relu
batched = partial(hk.BatchApply, num_dims=2)


def BatchApply(f):
    return f


def own(ConvLocal, nn):
    return BatchApply(len), ConvLocal(3), nn.MGUCell(3)
