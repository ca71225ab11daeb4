"""Lifted jit, and jits that are none."""
from functools import partial

import equinox as eqx
import flax.linen as nn
import jax
import numba
import torch
from flax import nnx
from flax.linen import jit as lifted


class Net(nn.Module):  # NNX103: 10
    @nn.jit  # NNX505: 5
    @nn.compact  # NNX101: 5
    def __call__(self, x):
        return nn.relu(x)

    @partial(lifted, static_argnames=("self", "train"))  # NNX505: 5
    def run(self, x, train):
        return nn.jit(lambda module, x: x)(self, x)  # NNX505: 15


@nn.jit  # NNX505: 1
class Whole(nn.Module):  # NNX103: 12
    def __call__(self, x):
        return x


Fast = nn.jit(Net, methods=["run"])  # NNX505: 7
Net.__call__ = nn.jit(Net.__call__)  # NNX505: 15
Net.later = partial(Net, transform=nn.jit)  # NNX505: 35

# ---- silent -------------------------------------------------------------------------------------------------------


@jax.jit
def step(x):
    return x


@partial(jax.jit, static_argnums=0)
def static(n, x):
    return x * n


@nnx.jit
def train(model, x):
    return model(x)


@numba.jit
def loop(x):
    return x


@torch.jit.script
def script(x):
    return x


@eqx.filter_jit
def filtered(x):
    return x


class Native(nnx.Module):
    @nnx.jit(static_argnames=("train",))
    def __call__(self, x, train):
        return x


class Agent:
    @jax.jit
    def act(self, x):
        return x

    def jit(self, function):
        return self.jit(function)
