"""Flags of calls of Linen modules; flags of other functions stay silent."""
import flax.linen as nn
import jax
import torch
from flax import nnx

model = nn.BatchNorm()  # NNX110: 8
key = jax.random.key(0)


def found(variables, x, state, train):
    y = model.apply(variables, x, use_running_average=True)  # NNX310: 8 NNX315: 34
    z = model.apply(variables, x, train=train)  # NNX310: 8 NNX315: 34
    variables = model.init(key, x, training=False)  # NNX301: 16 NNX315: 35
    return y, z, state.apply_fn({"params": x}, x, deterministic=not train)  # NNX316: 17 NNX315: 50


# ---- silent -------------------------------------------------------------------------------------------------------


def split(data, train=0.8):
    return data, train


class Loader:
    def __init__(self, train):
        self.train = train

    def apply(self, function, training):
        return function


def silent(data, native: nnx.Module, net: torch.nn.Module, train):
    first = split(data, train=0.9)
    second = Loader(train=True)
    third = second.apply(len, training=True)
    fourth = native(data, deterministic=not train)
    fifth = net(data, train=True)
    sixth = dict(train=True, training=False, deterministic=True)
    native.set_attributes(deterministic=True)
    return first, second, third, fourth, fifth, sixth
