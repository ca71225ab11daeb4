"""Convolutions with batch norm, dropout, a partial, loops and explicit names."""
from functools import partial
from typing import Sequence
import flax.linen as nn
import jax.numpy as jnp


class Block(nn.Module):
    """A block."""

    features: int  # width of the block
    # how much to drop
    rate: float = 0.1

    @nn.compact
    def __call__(self, x, train: bool):
        residual = x
        x = nn.Conv(self.features, (3, 3), use_bias=False)(x)  # convolve
        x = nn.BatchNorm(use_running_average=not train, momentum=0.9)(x)
        x = nn.relu(x)
        x = nn.Dropout(
            self.rate,  # drop
            deterministic=not train,
        )(x)
        if residual.shape[-1] != x.shape[-1]:
            residual = nn.Conv(self.features, (1, 1), name="proj")(residual)
        return x + residual


class CNN(nn.Module):
    features: Sequence[int]
    num_classes: int = 10
    use_norm: bool = True

    @nn.compact
    def __call__(self, x, train: bool = False):
        conv = partial(nn.Conv, kernel_size=(3, 3), use_bias=False)
        x = conv(16)(x)
        for i, feat in enumerate(self.features):
            x = Block(feat, name=f"block_{i}")(x, train)
            x = nn.max_pool(x, (2, 2), strides=(2, 2))
        if self.use_norm:
            x = nn.LayerNorm()(x)
        x = x.mean(axis=(1, 2))
        for feat in [32, 32]:
            x = nn.Dense(feat)(x)
            x = nn.LayerNorm()(x)
            x = nn.tanh(x)
        scale = self.param("scale", nn.initializers.ones, (x.shape[-1],))
        x = x * scale
        return nn.Dense(self.num_classes, name="head")(x)
