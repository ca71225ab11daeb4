"""Lists of layers and functions, and what is asked of their elements."""
import flax.linen as nn
from flax import nnx
import jax.numpy as jnp


def double(x):
    return 2 * x


class MLP(nnx.Module):
    def __init__(
        self, in_features: int, features: int, rate: float = 0.5, *, rngs: nnx.Rngs
    ):
        # exact enough
        self.steps = nnx.List(
            [
                jnp.sin,
                nnx.Linear(in_features, 4 * features, use_bias=False, rngs=rngs),
                nnx.gelu,
                double,
                nnx.Linear(4 * features, features, rngs=rngs),
                nnx.Dropout(rate, rngs=rngs),
                nnx.tanh,
            ]
        )

    def __call__(self, x, train: bool = True):
        for step in self.steps:
            x = step(x) if not isinstance(step, nnx.Dropout) else step(x, deterministic=not train)
        return x


class Asked(nnx.Module):
    def __init__(
        self, in_features: int, activation: object = nnx.relu, *, rngs: nnx.Rngs
    ):
        self.blocks = nnx.List(
            [
                nnx.Linear(in_features, 4, rngs=rngs),
                nnx.LayerNorm(4, rngs=rngs),
                activation,
                nnx.Dropout(0.5, rngs=rngs),
                lambda x: x + 1,
            ]
        )

    def __call__(self, x, train: bool = False):
        for block in self.blocks:
            if isinstance(block, (nnx.Dropout, nnx.BatchNorm)):
                x = block(x, deterministic=not train)
            elif isinstance(block, nnx.LayerNorm):
                x = x + block(x)
            else:
                x = block(x)
        return x


class Inside(nn.Module):
    def setup(self):
        self.blocks = [nn.Dense(4), [nn.relu, nn.Dense(3)]]

    def __call__(self, x):
        return self.blocks[1][1](self.blocks[1][0](self.blocks[0](x)))


class Renamed(nn.Module):
    def setup(self):
        blocks = [nn.Dense(4), nn.relu]
        self.blocks = blocks

    def __call__(self, x):
        for block in self.blocks:
            x = block(x)
        return x


class TwinOfTwo(nn.Module):
    def setup(self):
        self.blocks = [nn.SelfAttention(2), nn.relu]

    def __call__(self, x):
        for block in self.blocks:
            x = x + block(x) if isinstance(block, nn.SelfAttention) else block(x)
        return x
