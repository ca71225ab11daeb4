"""Remat of NNX classes; remat of functions, methods, Linen classes and other libraries' classes stays silent."""
from functools import partial

import equinox as eqx
import flax.linen as nn
import jax
import torch
from flax import nnx
from torch.utils.checkpoint import checkpoint


class Block(nnx.Module):
    def __init__(self, rngs):
        self.layer = nnx.Linear(2, 2, rngs=rngs)

    @nnx.remat
    def __call__(self, x):
        return self.layer(x)


@nnx.remat  # NNX806: 1
class Decorated(nnx.Module):
    pass


@partial(jax.checkpoint, prevent_cse=False)  # NNX806: 1
class Partial(Block):
    pass


class Net(nnx.Module):
    def __init__(self, rngs):
        self.first = nnx.remat(Block)(rngs)  # NNX806: 21
        self.second = nnx.remat(nnx.Linear, static_argnums=(0, 1))(2, 2, rngs=rngs)  # NNX806: 22
        block_class = jax.checkpoint(Block, prevent_cse=False)  # NNX806: 22
        self.third = block_class(rngs)
        self.fourth = Block(rngs)

    # ---- silent ---------------------------------------------------------------------------------------------------

    def __call__(self, x):
        x = nnx.remat(self.fourth)(x)
        x = nnx.remat(lambda block, x: block(x))(self.fourth, x)
        x = jax.checkpoint(run)(self.fourth, x)
        x = nnx.remat(Block.__call__)(self.fourth, x)
        return checkpoint(self.fourth, x)


@nnx.remat
def run(block, x):
    return block(x)


@partial(jax.checkpoint, static_argnums=(1,))
def pure(x, n):
    return x * n


class Linen(nn.Module):  # NNX103: 12
    @nn.compact  # NNX101: 5
    def __call__(self, x):
        return nn.remat(nn.Dense)(2)(x)  # NNX110: 15 NNX503: 15


class Equinox(eqx.Module):
    pass


class Torch(torch.nn.Module):
    pass


jax.checkpoint(Equinox)
jax.remat(Torch)
make = nnx.jit(Block)
many = nnx.vmap(Block)
shapes = nnx.eval_shape(lambda: Block(nnx.Rngs(0)))
