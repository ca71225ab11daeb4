"""Values that are sharded by logical names."""
import flax.linen as nn
from flax import nnx


def logical_constraint(x, names):
    """Shards `x` by the rules for the names of its axes; without rules or a mesh it stays as it is."""
    import jax
    from flax.core import meta, spmd

    rules = spmd.get_logical_axis_rules()
    if not rules or not meta.global_mesh_defined():
        return x
    given, taken = dict(), set()
    for name, axes in rules:
        new = set(jax.tree.leaves(axes)) - set([jax.sharding.PartitionSpec.UNCONSTRAINED])
        if name in names and name not in given and not taken & new:
            given[name] = axes
            taken |= new
    return jax.lax.with_sharding_constraint(x, jax.sharding.PartitionSpec(*map(given.get, names)))


class Block(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.layer_norm = nnx.LayerNorm(in_features, rngs=rngs)
        self.dense = nnx.Linear(in_features, features, rngs=rngs)

    def __call__(self, x):
        x = logical_constraint(self.layer_norm(x), ("batch", None))
        x = self.dense(x)
        return logical_constraint(x, ("batch", "embed"))


class Second(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x):
        return logical_constraint(self.dense(x), ("batch", "embed"))


class OwnRules(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.with_logical_constraint(nn.Dense(3)(x), ("batch", "embed"), rules=(("batch", "x"),))


class Computed(nn.Module):
    names: tuple[str, ...]

    @nn.compact
    def __call__(self, x):
        return nn.with_logical_constraint(nn.Dense(3)(x), self.names)
