"""Arrays assigned over NNX variables; variables over variables, other attributes and other libraries stay silent."""
import equinox as eqx
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import torch
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs):
        self.scale = nnx.Param(jnp.ones(3))
        self.count = nnx.Variable(jnp.array(0))
        self.layer = nnx.Linear(3, 3, rngs=rngs)
        self.layer.kernel = jax.random.normal(rngs.params(), (3, 3))  # NNX813: 8
        self.rate = 0.1
        self.maybe = nnx.Param(1.0) if rngs else 0.0
        self.either = None

    def reset(self):
        self.scale = jnp.zeros(3)  # NNX813: 8
        self.count = self.count + 1  # NNX813: 8
        self.layer.bias = np.zeros(3)  # NNX813: 8

    # ---- silent ---------------------------------------------------------------------------------------------------

    def right(self, new, other):
        self.scale[...] = jnp.zeros(3)
        self.scale = nnx.Param(jnp.zeros(3))
        self.scale = new
        self.scale = other.scale
        self.layer.kernel = other.layer.kernel
        self.layer.kernel = make(new)  # noqa: F821
        self.rate = self.rate * 0.5
        self.maybe = jnp.zeros(3)
        self.either = jnp.zeros(3)
        self.unknown = jnp.zeros(3)
        self.layer.use_bias = 1


def outside(model: Net, layer: nnx.Linear):
    layer.kernel = 0.5 * layer.kernel  # NNX813: 4
    model.layer.kernel = layer.kernel[...]  # NNX813: 4
    model.scale = 1.0  # NNX813: 4
    model.layer.kernel = layer.kernel
    model.layer.kernel = nnx.Param(layer.kernel * 2)
    layer.kernel[...] = 0.5 * layer.kernel


class Old(nn.Module):  # NNX103: 10
    def setup(self):  # NNX102: 4
        self.scale = jnp.ones(3)


class Equinox(eqx.Module):
    def __init__(self):
        self.scale = jnp.ones(3)

    def reset(self):
        self.scale = jnp.zeros(3)


class Torch(torch.nn.Module):
    def __init__(self):
        self.scale = torch.nn.Parameter(1)

    def reset(self):
        self.scale = np.zeros(3)


class Plain:
    def __init__(self):
        self.scale = nnx.Param(1)

    def reset(self):
        self.scale = np.zeros(3)


def unknown(model):
    model.kernel = jnp.zeros(3)
    model.layer.kernel = 2 * model.layer.kernel
