"""Partition specs, and what is none."""
import flax.linen as nn
import jax
from flax import nnx
from flax.core import meta
from flax.core.spmd import get_pspec
from flax.linen import logical_to_mesh_axes, spmd


def linen(tree, mesh, rules):
    specs = nn.get_partition_spec(tree)  # NNX605: 12
    older = meta.get_partition_spec(tree)  # NNX605: 12
    sharding = nn.get_sharding(tree, mesh)  # NNX605: 15
    axes = logical_to_mesh_axes(("batch", "embed"), rules)  # NNX605: 11
    mapped = jax.tree.map(nn.logical_to_mesh, specs)  # NNX605: 26
    both = spmd.logical_to_mesh_sharding(specs, mesh, rules)  # NNX605: 11
    return older, sharding, axes, mapped, both


# ---- silent -------------------------------------------------------------------------------------------------------


def native(model, mesh, rules):
    with nnx.logical_axis_rules(rules):
        specs = nnx.get_partition_spec(nnx.state(model))
        sharding = nnx.get_named_sharding(nnx.state(model), mesh)
    axes = get_pspec(("batch", "embed"), rules)
    placed = jax.sharding.NamedSharding(mesh, jax.P("data"))
    return specs, sharding, axes, placed


def get_partition_spec(tree):
    return tree


own = get_partition_spec({})


def other(nn, tree, mesh):
    return nn.get_sharding(tree, mesh), nn.logical_to_mesh(tree)


class Mesh:
    def get_sharding(self, tree):
        return self.get_sharding(tree)
