"""Methods under jax.jit with `self` static: a trap for NNX modules only."""
import functools
from functools import partial

import equinox as eqx
import flax.linen as nn
import haiku as hk
import jax
import torch
from flax import nnx


class Net(nnx.Module):
    @partial(jax.jit, static_argnums=0)  # NNX803: 5
    def by_number(self, x):
        return x

    @functools.partial(jax.jit, static_argnames=("self", "train"))  # NNX803: 5
    def by_name(self, x, train):
        return x

    @jax.jit(static_argnums=(0, 2))  # NNX803: 5
    def called(self, x, n):
        return x

    @partial(jax.pmap, static_broadcasted_argnums=(0,))  # NNX803: 5
    def on_devices(self, x):
        return x

    # ---- silent ---------------------------------------------------------------------------------------------------

    @nnx.jit
    def right(self, x):
        return x

    @partial(nnx.jit, static_argnums=1)
    def static_size(self, n):
        return n

    @partial(jax.jit, static_argnums=1)
    def other_argument(self, n):
        return n

    @staticmethod
    @partial(jax.jit, static_argnums=0)
    def of_a_size(n, x):
        return x

    @partial(jax.jit, static_argnums=SELF)  # noqa: F821
    def unknown(self, x):
        return x


class Deeper(Net):
    @partial(jax.jit, static_argnums=[0])  # NNX803: 5
    def last(this, x):
        return x


class Agent:
    @partial(jax.jit, static_argnums=0)
    def act(self, params, x):
        return x


class Linen(nn.Module):  # NNX103: 12
    @partial(jax.jit, static_argnums=0)
    def act(self, params, x):
        return x


class Equinox(eqx.Module):
    @partial(jax.jit, static_argnums=0)
    def act(self, x):
        return x


class Haiku(hk.Module):
    @partial(jax.jit, static_argnums=0)
    def act(self, x):
        return x


class Torch(torch.nn.Module):
    @partial(torch.jit.script, static_argnums=0)
    def forward(self, x):
        return x


class Rates(nnx.Optimizer):
    @partial(jax.jit, static_argnums=0)
    def rate(self, step):
        return step


@partial(jax.jit, static_argnums=0)
def free(self, x):
    return x
