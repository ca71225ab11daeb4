"""Lifted vmap, and vmaps that are none."""
from functools import partial

import equinox as eqx
import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import torch
from flax import nnx
from flax.linen import vmap as lifted
from jax import vmap

Critics = nn.vmap(nn.Dense, variable_axes={"params": 0}, split_rngs={"params": True})  # NNX502: 10
Shared = partial(lifted, variable_axes={"params": None}, in_axes=(0, None))(nn.Dense)  # NNX502: 9


class Net(nn.Module):  # NNX103: 10
    @partial(nn.vmap, variable_axes={"params": 1}, in_axes=0, axis_name="batch")  # NNX502: 5
    @nn.compact  # NNX101: 5
    def __call__(self, x):
        return nn.relu(x)

    def run(self, x):
        return nn.transforms.vmap(lambda module, x: x, in_axes=0)(self, x)  # NNX502: 15


# ---- silent -------------------------------------------------------------------------------------------------------

plain = jax.vmap(lambda x: x, in_axes=0)(jnp.ones(3))
imported = vmap(jnp.sin)(jnp.ones(3))
decorated = partial(jax.vmap, in_axes=(0, None), axis_name="batch")
haiku = hk.vmap(lambda x: x, split_rng=False)
ensemble = eqx.filter_vmap(lambda x: x)
functional = torch.vmap(torch.sum)
native = nnx.vmap(lambda model, x: model(x), in_axes=(0, None))


@nnx.split_rngs(splits=3)
@nnx.vmap(in_axes=0, out_axes=0)
def create(rngs: nnx.Rngs):
    return nnx.Linear(2, 3, rngs=rngs)


@jax.vmap
def single(x):
    return x


def batched(vmap, nn):
    return vmap(nn.Dense), nn.vmap(nn.Dense)


class Own:
    def vmap(self, function):
        return self.vmap(function)
