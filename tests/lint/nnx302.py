"""`init_with_output` of Linen modules; methods of that name of other objects stay silent."""
import flax.linen as nn
import haiku as hk
import jax
from flax import nnx

model = nn.Dense(3)  # NNX110: 8
key = jax.random.key(0)


def found(x, net: nn.Module):
    y, variables = model.init_with_output(key, x)  # NNX302: 19
    z, _ = net.init_with_output({"params": key}, x)  # NNX302: 11
    w, _ = nn.Dense(4).init_with_output(key, x)  # NNX110: 11 NNX302: 11
    return y, z, w, variables


# ---- silent -------------------------------------------------------------------------------------------------------


class Table:
    def init_with_output(self, key, x):
        return x, key


def silent(x, unknown, rows):
    table = Table()
    y, _ = table.init_with_output(key, x)
    z = rows.init(1)
    transformed = hk.transform(lambda x: x)
    params = transformed.init(key, x)
    native = nnx.Linear(2, 3, rngs=nnx.Rngs(0))
    w = native(x)
    return y, z, w, params


def init_with_output(key, x):
    return x, key


result = init_with_output(key, 1)
