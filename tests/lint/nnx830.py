"""States given to helpers for dictionaries; dictionaries and other mappings stay silent."""
import jax
from flax import nnx, serialization, traverse_util
from flax.serialization import to_bytes
from flax.traverse_util import flatten_dict


def found(model, path):
    params = nnx.state(model, nnx.Param)
    flat = flatten_dict(params, sep="/")  # NNX830: 11
    flat = flatten_dict(nnx.state(model))  # NNX830: 11
    mask = traverse_util.path_aware_map(lambda path, _: "kernel" in path, params)  # NNX830: 11
    path.write_bytes(to_bytes(params))  # NNX830: 21
    return flat, mask


def annotated(state: nnx.State):
    return serialization.msgpack_serialize(state)  # NNX830: 11


# ---- silent -------------------------------------------------------------------------------------------------------


def right(model, path, unknown, options: dict):
    params = nnx.to_pure_dict(nnx.state(model, nnx.Param))
    flat = flatten_dict(params, sep="/")
    mask = traverse_util.path_aware_map(lambda path, _: "kernel" in path, params)
    path.write_bytes(to_bytes(params))
    flatten_dict(unknown)
    flatten_dict(options)
    to_bytes(nnx.to_pure_dict(nnx.state(model)))
    jax.tree.map(len, nnx.state(model))
    nnx.to_flat_state(nnx.state(model))
    serialization.to_state_dict(nnx.state(model))
    return flat, mask, traverse_util.flatten_dict


def own(model, flatten_dict):
    return flatten_dict(nnx.state(model))
