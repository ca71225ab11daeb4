"""Linen's partitioning boxes in NNX layers; NNX's own, Linen layers and plain initialisers stay silent."""
from functools import partial

import flax.linen as nn
import jax
from flax import linen, nnx
from flax.linen import with_logical_partitioning
from flax.nnx import bridge

BOX = nn.with_partitioning(nn.initializers.ones, ("data", None))  # NNX601: 6
OWN = nnx.with_partitioning(nnx.initializers.ones, ("data", None))


def make(rngs, init):
    return (
        nnx.Linear(2, 2, kernel_init=BOX, rngs=rngs),  # NNX820: 37
        nnx.Linear(2, 2, bias_init=linen.with_partitioning(init, (None,)), rngs=rngs),  # NNX820: 35
        nnx.Embed(2, 2, embedding_init=with_logical_partitioning(init, ("a", "b")), rngs=rngs),  # NNX820: 39
        partial(nnx.Conv, kernel_init=BOX, rngs=rngs),  # NNX820: 38
        # ---- silent -----------------------------------------------------------------------------------------------
        nnx.Linear(2, 2, kernel_init=OWN, rngs=rngs),
        nnx.Linear(2, 2, kernel_init=init, bias_init=nnx.initializers.zeros, rngs=rngs),
        nnx.Linear(2, 2, kernel_init=nn.initializers.lecun_normal(), rngs=rngs),
        nnx.Linear(2, 2, kernel_init=jax.nn.initializers.ones, rngs=rngs),
        nnx.Linear(2, 2, kernel_metadata={"out_sharding": (None, "model")}, rngs=rngs),
        partial(nnx.Linear, kernel_init=OWN),
        bridge.to_linen(nnx.Linear, 2, 2, kernel_init=BOX),
        unknown(kernel_init=BOX),  # noqa: F821
    )


class Old(nn.Module):  # NNX103: 10
    @nn.compact  # NNX101: 5
    def __call__(self, x):
        return nn.Dense(2, kernel_init=BOX)(x)  # NNX110: 15
