"""Parameters and transforms with axes, and what is none."""
import flax.linen as nn
import jax.numpy as jnp
from flax import nnx
from flax.linen import partitioning
from flax.linen.partitioning import param_with_axes


class Net(nn.Module):  # NNX103: 10
    @nn.compact  # NNX101: 5
    def __call__(self, x):
        w = param_with_axes("w", nn.initializers.ones, (3,), jnp.float32, axes=("embed",))  # NNX606: 12
        v = partitioning.variable_with_axes("cache", "v", jnp.zeros, (3,), axes=("embed",), module=self)  # NNX606: 12
        blocks = partitioning.scan_with_axes(nn.Embed, variable_axes={"params": 0}, axis_name="layers")  # NNX606: 17
        heads = partitioning.vmap_with_axes(nn.Embed, {"params": 0}, partitioning_axis_names={"params": "h"})  # NNX606: 16
        return x * w * v.value, blocks, heads


def specs(variables):
    return partitioning.get_axis_names(variables["params_axes"])  # NNX606: 11


# ---- silent -------------------------------------------------------------------------------------------------------


class Native(nnx.Module):
    def __init__(self, *, rngs: nnx.Rngs):
        self.w = nnx.Param(nnx.initializers.ones(rngs.params(), (3,)), out_sharding=("embed",))

    def __call__(self, x):
        return x * self.w


def get_axis_names(tree):
    return tree


def own(partitioning, name):
    partitioning.param_with_axes(name, len, (3,), axes=("embed",))
    return get_axis_names({})


class Layer:
    def param_with_axes(self, name):
        return self.param_with_axes(name)


state = nnx.get_partition_spec(nnx.state(Native(rngs=nnx.Rngs(0))))
