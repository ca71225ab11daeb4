"""Layers made while an NNX module runs; constructors, factories, Linen and other libraries stay silent."""
import equinox as eqx
import flax.linen as nn
import haiku as hk
import jax
import torch
from flax import nnx
from flax.nnx import bridge


class Block(nnx.Module):
    def __init__(self, size, rngs):
        self.layer = nnx.Linear(size, size, rngs=rngs)

    def __call__(self, x):
        return self.layer(x)


class Net(nnx.Module):
    def __init__(self, rngs):
        self.rngs = rngs
        self.first = nnx.Linear(2, 2, rngs=rngs)
        self.second = self.make(2)
        nnx.Linear(2, 2, rngs=rngs)(self.second)

    def __call__(self, x):
        x = nnx.Linear(2, 2, rngs=self.rngs)(x)  # NNX818: 12
        norm = nnx.LayerNorm(2, rngs=self.rngs)  # NNX818: 15
        x = norm(x) + norm(x)
        x = Block(2, rngs=self.rngs)(x)  # NNX818: 12
        return self.first(x)

    def encode(self, x):
        def inner(x):
            return nnx.Conv(2, 2, (3,), rngs=self.rngs)(x)  # NNX818: 19

        return inner(x)

    # ---- silent ---------------------------------------------------------------------------------------------------

    def make(self, size):
        layer = nnx.Linear(size, size, rngs=self.rngs)
        layer(3)
        return layer

    def grow(self, x):
        self.third = nnx.Linear(2, 2, rngs=self.rngs)
        return self.third(x)

    def keep(self, x):
        layer = nnx.Linear(2, 2, rngs=self.rngs)
        self.fourth = layer
        return layer(x)

    def drop(self, x):
        return nnx.Dropout(0.5, rngs=self.rngs)(nnx.Sequential(jax.nn.relu)(x))

    def shapes(self, x):
        return nnx.eval_shape(lambda: nnx.Linear(2, 2, rngs=nnx.Rngs(0)))

    @staticmethod
    def fresh(x):
        return nnx.Linear(2, 2, rngs=nnx.Rngs(0))(x)

    def linen(self, x):
        return nn.Dense(2)(x)  # NNX110: 15

    def stateless(self, x):
        return nnx.relu(x)


class Scale(nnx.Module):
    def __init__(self, rngs):
        self.value = self.start(rngs)

    def start(self, rngs):
        return self.deeper(rngs)

    def deeper(self, rngs):
        return nnx.Linear(2, 2, rngs=rngs)(3)


def build(x):
    return nnx.Linear(2, 2, rngs=nnx.Rngs(0))(x)


class Experiment:
    def run(self, x):
        return nnx.Linear(2, 2, rngs=nnx.Rngs(0))(x)


class Bridged(bridge.Module):
    @bridge.compact
    def __call__(self, x):
        return nnx.Linear(2, 2, rngs=self.rngs)(x)


class Equinox(eqx.Module):
    def __call__(self, x):
        return eqx.nn.Linear(2, 2, key=x)(x)


class Haiku(hk.Module):
    def __call__(self, x):
        return hk.Linear(2)(x)


class Torch(torch.nn.Module):
    def forward(self, x):
        return torch.nn.Linear(2, 2)(x)
