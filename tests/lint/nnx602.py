"""Logical constraints, and constraints that are none."""
import functools

import flax.linen as nn
import jax
from flax.core.spmd import get_pspec
from flax.linen import partitioning
from flax.linen import with_logical_constraint as constrain
from jax.experimental.pjit import with_sharding_constraint


def logical(x, mesh):
    x = nn.with_logical_constraint(x, ("batch", "embed"))  # NNX602: 8
    x = constrain(x, ("batch", None), mesh=mesh)  # NNX602: 8
    x = partitioning.with_sharding_constraint(x, ("batch",))  # NNX602: 8
    return jax.tree.map(functools.partial(nn.with_logical_constraint, rules=()), x)  # NNX602: 24


# ---- silent -------------------------------------------------------------------------------------------------------


def plain(x, mesh):
    x = jax.lax.with_sharding_constraint(x, jax.P("data"))
    x = with_sharding_constraint(x, jax.P("data"))
    x = jax.lax.with_sharding_constraint(x, jax.sharding.NamedSharding(mesh, jax.P("data")))
    return jax.lax.with_sharding_constraint(x, get_pspec(("batch", "embed")))


def with_logical_constraint(x, names):
    return x, names


def other(nn, x):
    return nn.with_logical_constraint(x, ()), with_logical_constraint(x, ())


class Sharder:
    def with_sharding_constraint(self, x):
        return self.with_sharding_constraint(x)
