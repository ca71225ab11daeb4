"""Masks by the end of a path of an NNX state; other trees, other tests and other parts of a path stay silent."""
import equinox as eqx
import jax
from flax import nnx
from jax.tree_util import keystr


def masks(model: nnx.Linear, state: nnx.State):
    params = nnx.state(model, nnx.Param)

    def is_kernel(path, leaf):
        return path[-1].key == "kernel"  # NNX809: 15

    a = jax.tree_util.tree_map_with_path(is_kernel, params)
    b = jax.tree.map_with_path(lambda p, _: p[-1].name in ("kernel", "scale"), state)  # NNX809: 44
    c = jax.tree.map_with_path(lambda p, _: keystr(p).endswith("kernel']"), model)  # NNX809: 44
    return a, b, c


# ---- silent -------------------------------------------------------------------------------------------------------


def right(model: nnx.Linear, state: nnx.State, rest):
    a = jax.tree.map_with_path(lambda p, _: p[-2].key == "kernel", state)
    b = jax.tree.map_with_path(lambda p, _: "kernel" in keystr(p), state)
    c = jax.tree.map_with_path(lambda p, _: keystr(p).endswith(".value"), state)
    d = jax.tree.map_with_path(lambda p, _: p[-1].key == "kernel", nnx.to_pure_dict(state))
    e = jax.tree.map_with_path(lambda p, _: p[-1].key == "kernel", rest)
    f = jax.tree.map_with_path(lambda p, _: p[-1].key == "kernel", state, is_leaf=lambda x: True)
    g = jax.tree.map_with_path(lambda p, _: p[-1].name == "value", state)
    h = jax.tree.map_with_path(lambda p, _: keystr(p, simple=True).endswith("kernel"), state)
    i = nnx.map_state(lambda p, _: p[-1] == "kernel", state)
    return a, b, c, d, e, f, g, h, i


def of_params(params, x):
    return jax.tree_util.tree_map_with_path(lambda path, leaf: path[-1].key == "kernel", params)


def equinox(model: eqx.nn.Linear):
    return jax.tree_util.tree_map_with_path(lambda path, leaf: path[-1].name == "weight", model)
