"""Nested loops, nested calls and an inline Sequential."""
from typing import Sequence

import flax.linen as nn


class Block(nn.Module):
    """A block."""

    features: int  # width of the block
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


class Nested(nn.Module):
    stages: Sequence[int]
    width: int = 8

    @nn.compact
    def __call__(self, x, train):
        for i, n in enumerate(self.stages):
            for j in range(n):
                x = Block(self.width * 2**i)(x, train)
        for w, act in ((3, nn.relu), (4, nn.tanh)):
            x = act(nn.Dense(w)(x))
            x = nn.LayerNorm()(x)
        for w in (5, 6):
            x = nn.Dense(w)(x)
            x = nn.LayerNorm()(x)
        x = nn.Sequential([nn.Dense(3), nn.relu, nn.Dense(4)])(x)
        return nn.Dense(2)(nn.Dense(5)(x))
