"""Linen's arguments on layers of NNX; right constructions, other libraries' layers and unseen arguments stay silent."""
from functools import partial

import equinox as eqx
import flax.linen as nn
import haiku as hk
import torch
from flax import nnx
from flax.nnx import Linear


class Net(nnx.Module):
    def __init__(self, size, train, config, rngs):
        self.a = nnx.Linear(features=8, rngs=rngs)  # NNX816: 17
        self.b = nnx.Linear(8, rngs=rngs)  # NNX816: 17
        self.c = Linear(8, 8)  # NNX816: 17
        self.d = nnx.Conv(8, (3, 3), rngs=rngs)  # NNX816: 17
        self.e = nnx.BatchNorm(not train, rngs=rngs)  # NNX816: 17
        self.f = nnx.BatchNorm(use_running_average=True, rngs=rngs)  # NNX816: 17
        self.g = nnx.LayerNorm(1e-6, rngs=rngs)  # NNX816: 17
        self.h = nnx.Einsum((4, 3), "bi,ij->bj", rngs=rngs)  # NNX816: 17
        self.i = nnx.Embed(10, 3, name="table", rngs=rngs)  # NNX816: 17
        self.j = nnx.GRUCell(features=3, rngs=rngs)  # NNX816: 17
        self.k = nnx.LayerNorm(size, force_float32_reductions=True, rngs=rngs)  # NNX816: 17
        self.m = nnx.Linear(size, parent=None, **config)  # NNX816: 17

        # ---- silent -----------------------------------------------------------------------------------------------

        self.n = nnx.Linear(size, 8, rngs=rngs)
        self.o = nnx.Linear(in_features=size, out_features=8, rngs=rngs)
        self.p = nnx.Conv(3, 8, (3, 3), (2, 2), rngs=rngs)
        self.q = nnx.Conv(3, 8, kernel_size=(3, 3), strides=2, rngs=rngs)
        self.r = nnx.BatchNorm(size, use_running_average=not train, rngs=rngs)
        self.s = nnx.BatchNorm(num_features=8, rngs=rngs)
        self.t = nnx.GroupNorm(8, 4, rngs=rngs)
        self.u = nnx.GroupNorm(8, num_groups=4, reduction_axes=(1,), rngs=rngs)
        self.v = nnx.Einsum("bi,ij->bj", (4, 3), rngs=rngs)
        self.w = nnx.Einsum("bi,ij->bj", config.shape, (3,), rngs=rngs)
        self.x = nnx.Embed(num_embeddings=10, features=3, rngs=rngs)
        self.y = nnx.Dropout(0.5)
        self.z = nnx.Linear(*config, rngs=rngs)
        self.aa = nnx.Linear(**config)
        self.bb = nnx.MultiHeadAttention(4, size, rngs=rngs)
        self.cc = nnx.Sequential(self.n, nnx.relu)
        self.dd = nnx.RNN(nnx.GRUCell(3, 3, rngs=rngs))
        self.ee = nnx.PReLU()
        self.ff = partial(nnx.Conv, kernel_size=(3, 3), rngs=rngs)
        self.gg = nnx.List([nnx.LSTMCell(2, hidden_features=3, rngs=rngs)])


class Old(nn.Module):  # NNX103: 10
    @nn.compact  # NNX101: 5
    def __call__(self, x, train):
        x = nn.Dense(features=8, name="out")(x)  # NNX110: 12 NNX105: 33
        return nn.BatchNorm(not train)(x)  # NNX110: 15


def others(key):
    return (
        eqx.nn.Linear(8, 8, key=key),
        hk.Linear(8, name="out"),
        hk.BatchNorm(True, True, 0.9),
        torch.nn.Linear(8, 8),
        torch.nn.BatchNorm2d(8),
        Linear,
    )


class Local:
    def Linear(self, features):
        return self.Linear(features=features)
