"""`nn.apply`, `nn.init` and `nn.init_with_output`; functions of those names from elsewhere stay silent."""
import flax.linen as nn
import jax
from flax import nnx
from flax.linen import apply
from torch.nn import init

model = nn.Dense(3)  # NNX110: 8
key = jax.random.key(0)


def encode(module, x):
    return module(x)


def found(variables, x):
    y = nn.apply(encode, model)(variables, x)  # NNX317: 8
    z = nn.init_with_output(encode, model)(key, x)  # NNX317: 8
    w = nn.init(encode, model)  # NNX317: 8
    return y, z, w, apply(encode, model)  # NNX317: 20


# ---- silent -------------------------------------------------------------------------------------------------------


def right(native: nnx.Module, x):
    return encode(native, x)


def torch(weight):
    init.xavier_uniform_(weight)
    return nn.initializers.xavier_uniform()


class Functions:
    @staticmethod
    def apply(function, model):
        return function(model)

    @staticmethod
    def init(function, model):
        return function(model)


def own(x):
    return Functions.apply(encode, x), Functions.init(encode, x), map(encode, x)


def shadowed(apply, x):
    return apply(encode, x)
