"""Boxes, and what is none."""
import flax.linen as nn
import jax
import jax.numpy as jnp
from flax import nnx
from flax.core import meta
from flax.linen import LogicallyPartitioned

x = jnp.ones(3)
box = nn.Partitioned(x, ("model",))  # NNX603: 6
logical = LogicallyPartitioned(x, names=("mlp",))  # NNX603: 10
plain = nn.unbox({"params": box})  # NNX603: 8
other = nn.meta.unbox(box)  # NNX603: 8
boxed = meta.replace_boxed(box, x)  # NNX603: 8
is_box = isinstance(box, (nn.Partitioned, LogicallyPartitioned))  # NNX603: 26 NNX603: 42
leaves = jax.tree.leaves(box, is_leaf=meta.is_axis_metadata)  # NNX603: 38

# ---- silent -------------------------------------------------------------------------------------------------------

value = nnx.Param(x, out_sharding=("model",))
is_variable = isinstance(value, nnx.Variable)
state = nnx.to_pure_dict(nnx.state(nnx.Linear(2, 3, rngs=nnx.Rngs(0))))
inner = box.unbox()


class Partitioned:
    def unbox(self):
        return self.unbox()


def unbox(tree):
    return tree


own = unbox(Partitioned())
known = isinstance(own, Partitioned)


def local(nn, meta):
    return nn.unbox(meta), meta.replace_boxed(nn), nn.Partitioned(3)
