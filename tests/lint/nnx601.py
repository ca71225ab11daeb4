"""Partitioned initialisers, and those that are none."""
import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax import nnx
from flax.core import meta
from flax.linen import with_logical_partitioning as logical
from jax.sharding import PartitionSpec

kernel_init = nn.with_partitioning(nn.initializers.lecun_normal(), (None, "model"))  # NNX601: 14
bias_init = logical(nn.initializers.zeros, ("mlp",), rules=(("mlp", "model"),))  # NNX601: 12
older = meta.with_partitioning(nn.initializers.zeros, ("model",))  # NNX601: 8
maker = functools.partial(nn.spmd.with_logical_partitioning, names=("mlp",))  # NNX601: 8
wrapped = map(nn.with_partitioning, [nn.initializers.zeros])  # NNX601: 14


class Net(nn.Module):  # NNX103: 10
    @nn.compact  # NNX101: 5
    def __call__(self, x):
        return x * self.param("w", nn.with_partitioning(nn.initializers.ones, ("a",)), (3,))  # NNX201: 19 NNX601: 35


# ---- silent -------------------------------------------------------------------------------------------------------

native = nnx.with_partitioning(nnx.initializers.lecun_normal(), (None, "model"))
metadata = nnx.with_metadata(nnx.initializers.zeros, out_sharding=("model",))
value = nnx.Param(jnp.ones(3), out_sharding=("model",))
spec = PartitionSpec(None, "model")
placed = jax.device_put(jnp.ones(3), spec)
plain = nn.initializers.lecun_normal()


def with_partitioning(init, names):
    return init, names


own = with_partitioning(plain, ("model",))


def other(nn):
    return nn.with_partitioning(plain, ("model",))


class Library:
    def with_logical_partitioning(self, init):
        return self.with_logical_partitioning(init)


names = ["with_partitioning"]
