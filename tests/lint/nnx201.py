"""Parameters made by `self.param` in a Linen module, and the other things called param."""
import flax.linen as nn
import jax.numpy as jnp
import optax
import torch
from flax import nnx
from torch import nn as tnn


class Scale(nn.Module):  # NNX103: 12
    features: int  # NNX104: 4

    @nn.compact  # NNX101: 5
    def __call__(self, x):
        scale = self.param("scale", nn.initializers.ones, (self.features,))  # NNX201: 16
        bias = self.param("bias", nn.initializers.zeros_init(), (x.shape[-1],), jnp.float32)  # NNX201: 15
        if x.ndim > 2:
            x = x * self.param("gain", lambda key: jnp.ones(()))  # NNX201: 20

        def shifted(y):
            return y + self.param("shift", nn.initializers.zeros, (3,))  # NNX201: 23

        return shifted(x * scale + bias)


class Table(nn.Module):  # NNX103: 12
    def setup(self):  # NNX102: 4
        init = nn.with_partitioning(nn.initializers.normal(0.02), ("vocab", "embed"))  # NNX601: 15
        self.table = self.param("table", init, (10, 4))  # NNX201: 21
        self.heads = [self.param(f"head_{i}", init, (4, 4)) for i in range(2)]  # NNX201: 22

    def __call__(self, tokens):
        return self.table[tokens]


class Deep(Table):
    def attend(self, x):
        return x @ self.param("extra", nn.initializers.ones, (4, 4))  # NNX201: 19


# ---- silent -------------------------------------------------------------------------------------------------------


class Own(nn.Module):  # noqa: NNX103
    def param(self, name, init, shape):
        return init(name, shape)

    def __call__(self, x):
        return x * self.param("scale", len, (3,))


class FromOwn(Own):
    def encode(self, x):
        return x * self.param("scale", len, (3,))


class Field(nn.Module):  # noqa: NNX103
    param: callable  # noqa: NNX104

    def __call__(self, x):
        return x * self.param("scale", nn.initializers.ones, (3,))


class Attributes(nn.Module):  # noqa: NNX103
    module: Own  # noqa: NNX104

    def __call__(self, x, other):
        self.sown("scale", len)
        return x * other.param("scale", len, (3,)) * self.module.param("scale", len, (3,))


class Torch(tnn.Module):
    def __init__(self):
        super().__init__()
        self.weight = self.param("weight", torch.ones, (3,))

    def param(self, name, init, shape):
        self.register_parameter(name, torch.nn.Parameter(init(shape)))
        return getattr(self, name)


class TorchInherited(Torch):
    def forward(self, x):
        return x * self.param("scale", torch.ones, (3,))


class Converted(nnx.Module):
    def __init__(self, *, rngs: nnx.Rngs):
        self.scale = nnx.Param(nnx.initializers.ones(rngs.params(), (4,)))
        self.extra = self.param("extra", nnx.initializers.ones)

    def param(self, name, init):
        return nnx.Param(init(self.rngs.params(), (3,)))


class Request:
    def values(self):
        return self.param("page", int, 3)


def free(self, x):
    return self.param("scale", nn.initializers.ones, (3,))


transform = optax.inject_hyperparams(optax.sgd)(learning_rate=0.1)
