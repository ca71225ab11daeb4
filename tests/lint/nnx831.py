"""Counts, norms and casts of a whole state; weights alone, and models without other variables, stay silent."""
import jax
import jax.numpy as jnp
import optax
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs):
        self.norm = nnx.BatchNorm(2, rngs=rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)


class Plain(nnx.Module):
    def __init__(self, rngs):
        self.layer = nnx.Linear(2, 2, rngs=rngs)


def found(net: Net):
    state = nnx.state(net)
    count = sum(x.size for x in jax.tree.leaves(state))  # NNX831: 48
    size = sum([x.nbytes for x in jax.tree_util.tree_leaves(nnx.state(net))])  # NNX831: 60
    half = jax.tree.map(lambda x: x.astype(jnp.bfloat16), state)  # NNX831: 58
    return count, size, half, optax.global_norm(state)  # NNX831: 48


# ---- silent -------------------------------------------------------------------------------------------------------


def right(net: Net, plain: Plain, unknown, params):
    weights = nnx.state(net, nnx.Param)
    count = sum(x.size for x in jax.tree.leaves(weights))
    half = jax.tree.map(lambda x: x.astype(jnp.bfloat16), weights)
    optax.global_norm(weights)
    optax.global_norm(nnx.state(plain))
    optax.global_norm(nnx.state(unknown))
    optax.global_norm(params)
    jax.tree.map(lambda x: x.shape, nnx.state(net))
    jax.tree.map(jnp.add, nnx.state(net), nnx.state(net))
    shapes = [x.shape for x in jax.tree.leaves(nnx.state(net))]
    return count, half, shapes, jax.tree.leaves(nnx.state(net))
