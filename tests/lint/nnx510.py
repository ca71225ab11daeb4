"""add_metadata_axis and fold_rngs, and what is none."""
import flax.linen as nn
import jax
from flax import nnx
from flax.linen import add_metadata_axis

Layers = nn.add_metadata_axis(nn.Embed, {"params": 0}, {nn.PARTITION_NAME: "layers"})  # NNX510: 9
Others = add_metadata_axis(nn.Embed, variable_axes={"params": 1})  # NNX510: 9
folded = nn.fold_rngs(lambda module: module)  # NNX510: 9

# ---- silent -------------------------------------------------------------------------------------------------------

key = jax.random.fold_in(jax.random.key(0), 3)


@nnx.transform_metadata(in_axes=0, out_axes=0, partition="layers")
def create(rngs: nnx.Rngs):
    return nnx.Embed(3, 4, rngs=rngs)


@nnx.fork_rngs(split=3)
def run(rngs):
    return rngs


def fold_rngs(function):
    return function


@fold_rngs
def own(x):
    return x
