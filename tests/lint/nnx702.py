"""Walks over Linen variables; walks over other dictionaries stay silent."""
import flax.linen as nn
import jax
from flax import traverse_util
from flax.traverse_util import flatten_dict, unflatten_dict

model = nn.Dense(3)  # NNX110: 8


def found(key, x):
    variables = model.init(key, x)  # NNX301: 16
    flat = flatten_dict(variables)  # NNX702: 11
    mask = traverse_util.path_aware_map(lambda path, _: "bias" not in path, variables)  # NNX702: 11
    return flat, mask


# ---- silent -------------------------------------------------------------------------------------------------------


def settings(config, flat, tree):
    rows = flatten_dict(config, sep=".")
    again = unflatten_dict(rows)
    mask = traverse_util.path_aware_map(lambda path, _: "bias" not in path, tree)
    sizes = jax.tree.map(jax.numpy.size, tree)
    return again, mask, sizes, unflatten_dict(flat)


def own():
    def flatten_dict(tree):
        return tree

    return flatten_dict({}), traverse_util.empty_node


def literal():
    return flatten_dict({"a": {"b": 1}})
