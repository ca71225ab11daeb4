"""Names that moved, and those that stay."""
import flax.linen as nn
import jax
import jax.numpy as jnp
import torch
from flax import nnx
from flax.linen import initializers, ones, relu, zeros_init  # NNX114: 37 NNX114: 49
from jax.numpy import zeros

x = jnp.ones((2, 3))
first = nn.zeros(jax.random.key(0), (3,))  # NNX114: 8
second = nn.normalize(x, axis=-1)  # NNX114: 9
third = nn.dot_product_attention(x, x, x, force_fp32_for_softmax=True)  # NNX114: 8
fourth = nn.attention.dot_product_attention_weights(x, x)  # NNX114: 9
filters = nn.DenyList(["params"])  # NNX114: 10
nn.enable_named_call()  # NNX114: 0


def read(variable: nn.Variable):  # NNX114: 19
    return variable


# ---- silent -------------------------------------------------------------------------------------------------------

same = [nn.relu, nn.gelu, nn.standardize(x), nn.one_hot(x, 3), nn.softmax(x), relu(x)]
masks = nn.make_causal_mask(x), nn.combine_masks(None), nn.logical_axis_rules
init = nn.initializers.zeros, nn.initializers.ones_init(), initializers.zeros
local = ones(jax.random.key(0), (3,)), zeros_init()
native = nnx.initializers.ones, nnx.dot_product_attention(x, x, x), nnx.Not("params")
value = nnx.Variable(x)
others = zeros(3), jnp.ones(3), torch.zeros(3), torch.nn.functional.normalize(torch.ones(3))
scope = jax.named_scope("layer")
call = jax.named_call(len)
attended = jax.nn.dot_product_attention(x, x, x)


def normalize(x):
    return x


def own(nn):
    return normalize(x), nn.zeros, nn.dot_product_attention(x), nn.DenyList


class Variable:
    ones = zeros
