"""Layers with another constructor that infer no size, outside of compact methods."""
from functools import partial

import flax.linen as nn
import haiku as hk
import torch
from flax import nnx
from flax.linen import Dropout as Drop


class Net(nn.Module):  # NNX103: 10
    def setup(self):  # NNX102: 4
        self.embed = nn.Embed(5, 4)  # NNX113: 21
        self.drop = Drop(0.5, deterministic=True)  # NNX113: 20
        self.contract = nn.Einsum((4, 3), "ab,bc->ac")  # NNX113: 24
        self.slope = nn.PReLU()  # NNX113: 21

    @nn.compact  # NNX101: 5
    def run(self, x):
        x = nn.Embed(5, 4)(x)  # NNX111: 12
        make = partial(nn.Dropout, deterministic=True)  # NNX113: 15
        return make(0.5)(x)  # NNX111: 15


model = nn.Sequential([nn.relu, nn.tanh])  # NNX113: 8


# ---- silent -------------------------------------------------------------------------------------------------------


class Native(nnx.Module):
    def __init__(self, *, rngs: nnx.Rngs):
        self.embed = nnx.Embed(5, 4, rngs=rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)
        self.kept = nnx.bridge.ToNNX(nn.Embed(5, 4), rngs=rngs)
        self.all = nnx.Sequential(self.embed, nnx.relu)

    def __call__(self, x):
        return self.all(self.drop(x))


class Torch(torch.nn.Module):
    def __init__(self):
        self.embed = torch.nn.Embedding(5, 4)
        self.drop = torch.nn.Dropout(0.5)
        self.all = torch.nn.Sequential(self.embed)


def haiku(x):
    return hk.Embed(5, 4)(x), hk.Sequential([hk.Flatten()])(x)


kept = nn.Embed
same = [nn.relu, nn.gelu, nn.max_pool]


def own(Embed, nn):
    return Embed(5, 4), nn.Dropout(0.5)
