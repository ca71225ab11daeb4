"""Lifted gradients, and gradients that are none."""
import flax.linen as nn
import jax
import jax.numpy as jnp
import torch
from flax import nnx
from flax.linen import value_and_grad
from jax import grad, vjp


class Energy(nn.Module):  # NNX103: 13
    def setup(self):  # NNX102: 4
        self.dense = nn.Dense(1)  # NNX110: 21

    def __call__(self, x):
        def energy(module, x):
            return module.dense(x).sum()

        forces = nn.grad(energy, self, x)  # NNX506: 17
        value, _ = value_and_grad(energy, self, x, has_aux=False)  # NNX506: 19
        out, backward = nn.vjp(energy, self, x, vjp_variables=True)  # NNX506: 24
        _, tangent = nn.jvp(energy, self, (x,), (x,), variable_tangents={})  # NNX506: 21
        return forces, value, out, backward, tangent


# ---- silent -------------------------------------------------------------------------------------------------------

first = jax.grad(jnp.sum)(jnp.ones(3))
second = grad(jnp.sum)(jnp.ones(3))
both = jax.value_and_grad(jnp.sum)(jnp.ones(3))
third, back = vjp(jnp.sin, 1.0)
fourth = jax.jvp(jnp.sin, (1.0,), (1.0,))
fifth = nnx.grad(lambda model, x: model(x).sum(), argnums=1)
sixth = nnx.value_and_grad(lambda model: model(3))
seventh = torch.func.grad(torch.sum)
eighth = torch.autograd.grad(torch.ones(1), torch.ones(1))


class Layer:
    def grad(self, x):
        return self.grad(x)

    def vjp(self, function, x):
        return jax.vjp(function, x), self.vjp(function, x)


def other(nn, x):
    return nn.grad(x), nn.vjp(x)


weight = torch.ones(1).grad
