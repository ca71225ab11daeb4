"""The old context of a mesh around a model with annotations; jax.set_mesh and blocks without a model stay silent."""
import jax
from flax import nnx
from jax.sharding import Mesh, PartitionSpec


class Net(nnx.Module):
    def __init__(self, rngs):
        init = nnx.with_partitioning(nnx.initializers.ones, (None, "model"))
        self.layer = nnx.Linear(2, 2, kernel_init=init, rngs=rngs)


mesh = Mesh(jax.devices(), ("model",))


def found():
    with mesh:  # NNX832: 9
        net = Net(nnx.Rngs(0))
    with jax.make_mesh((1,), ("model",)):  # NNX832: 9
        return net, nnx.Linear(2, 2, rngs=nnx.Rngs(0))


# ---- silent -------------------------------------------------------------------------------------------------------


def right(x, path):
    with jax.set_mesh(mesh):
        net = Net(nnx.Rngs(0))
    with mesh:
        x = jax.lax.with_sharding_constraint(x, PartitionSpec("model"))
    with open(path) as file:
        net = Net(nnx.Rngs(0))
    with unknown(mesh):  # noqa: F821
        net = Net(nnx.Rngs(0))
    return net, x, file
