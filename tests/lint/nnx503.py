"""Lifted remat and checkpoint, and those that are none."""
import functools

import flax.linen as nn
import jax
import torch
from flax import nnx
from flax.linen import partitioning as nn_partitioning
from flax.linen import remat
from flax.training import checkpoints
from torch.utils import checkpoint

old = nn_partitioning.remat


class Layer(nn.Module):  # NNX103: 12
    @functools.partial(nn.remat, static_argnums=(2,))  # NNX503: 5
    @nn.compact  # NNX101: 5
    def __call__(self, x, train):
        return nn.relu(x)

    @nn.checkpoint  # NNX503: 5
    def other(self, x):
        return x


class Net(nn.Module):  # NNX103: 10
    def setup(self):  # NNX102: 4
        self.first = nn.remat(Layer, prevent_cse=False)()  # NNX503: 21
        self.second = remat(Layer)()  # NNX503: 22
        self.third = old(Layer, static_argnums=(2,))()  # NNX503: 21

    def __call__(self, x):
        return nn.checkpoint(lambda module, x: module(x))(self.first, x)  # NNX503: 15


# ---- silent -------------------------------------------------------------------------------------------------------

saved = jax.checkpoint(lambda x: x, policy=jax.checkpoint_policies.nothing_saveable)
again = jax.remat(lambda x: x)
native = nnx.remat(lambda model, x: model(x))
torch_saved = checkpoint.checkpoint(torch.nn.Identity(), 3)
state = checkpoints.restore_checkpoint("folder", None)  # NNX705: 8
policy = getattr(jax.checkpoint_policies, "dots_saveable")


class Block(nnx.Module):
    @nnx.remat(static_argnums=(2,))
    def __call__(self, x, train):
        return x


@jax.checkpoint
def function(x):
    return x


@functools.partial(jax.remat, static_argnums=(1,))
def second(x, train):
    return x


def local(nn, remat):
    return nn.remat(Block), remat(Block), nn.checkpoint
