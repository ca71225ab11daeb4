"""Attributes that hide methods of nnx.Module; methods, other names and other libraries' modules stay silent."""
import dataclasses

import equinox as eqx
import flax.linen as nn
import torch
from flax import nnx


class Net(nnx.Module):
    def __init__(self, train):
        self.train = train  # NNX824: 8
        self.eval: bool = not train  # NNX824: 8
        self.sow, self.size = 1, 2  # NNX824: 8


@nnx.dataclass
class Fields(nnx.Module):
    train: bool  # NNX824: 4
    size: int


# ---- silent -------------------------------------------------------------------------------------------------------


class Right(nnx.Module):
    def __init__(self, train, other):
        self.training = train
        self.deterministic = not train
        other.train = train
        self.train(size=3)
        self.layer = self.eval

    def train(self, **attributes):
        super().train(**attributes)

    def eval(self, **attributes):
        train = super().eval(**attributes)
        return train


@dataclasses.dataclass
class Config:
    train: bool
    eval: bool


class Old(nn.Module):  # NNX103: 10
    train: bool  # NNX104: 4

    def __call__(self, x):
        return x if self.train else -x


class Equinox(eqx.Module):
    train: bool


class Torch(torch.nn.Module):
    def __init__(self, train):
        self.train = train


class Trainer:
    def __init__(self, train):
        self.train = train
        self.model = nnx.Linear(2, 2, rngs=nnx.Rngs(0))
