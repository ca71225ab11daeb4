"""map_variables, and what is none."""
import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax import nnx
from flax.linen import map_variables as lifted

Causal = nn.map_variables(nn.Dense, "params", lambda tree: jax.tree.map(jnp.triu, tree))  # NNX509: 9
Cast = functools.partial(lifted, mapped_collections=["params", "cache"], mutable=True)  # NNX509: 7


# ---- silent -------------------------------------------------------------------------------------------------------

tree = jax.tree.map(jnp.triu, {"kernel": jnp.ones((2, 2))})
paths = jax.tree_util.tree_map_with_path(lambda path, x: x, tree)


def masked(layer: nnx.Linear, x):
    graphdef, params = nnx.split(layer)
    return nnx.merge(graphdef, jax.tree.map(jnp.triu, params))(x)


def map_variables(function, variables):
    return {name: function(value) for name, value in variables.items()}


own = map_variables(jnp.sin, {"x": 1.0})


def other(nn):
    return nn.map_variables(nn.Dense, "params")
