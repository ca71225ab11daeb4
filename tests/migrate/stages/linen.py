"""Sizes of stages that change the number of features, seen by the classes that run them."""
from typing import Optional, Tuple

import flax.linen as nn


def identity(x, **kwargs):
    return x


class Block(nn.Module):
    in_channels: int
    out_channels: Optional[int] = None

    def setup(self):
        out_channels = self.in_channels if self.out_channels is None else self.out_channels
        self.conv = nn.Dense(out_channels)

    def __call__(self, x):
        return self.conv(x)


class Down(nn.Module):
    """Its maker says how many features it has, so that it has no others."""

    in_channels: int
    out_channels: int
    layers: int = 2

    def setup(self):
        blocks = []
        for i in range(self.layers):
            in_channels = self.in_channels if i == 0 else self.out_channels
            block = Block(in_channels=in_channels, out_channels=self.out_channels)
            blocks.append(block)
        self.blocks = blocks

    def __call__(self, x):
        for block in self.blocks:
            x = block(x)
        return x


class Stages(nn.Module):
    """A list that a loop makes longer; the last stage says how many features come out."""

    sizes: Tuple[int, ...]

    def setup(self):
        stages = [Down(3, self.sizes[0])]
        for size in self.sizes[1:]:
            stages.append(Down(size, size, layers=1))
        self.stages = stages

    def __call__(self, x):
        for stage in self.stages:
            x = stage(x)
        return x


class Classifier(nn.Module):
    sizes: Tuple[int, ...]

    def setup(self):
        self.stages = Stages(self.sizes)
        self.norm = nn.LayerNorm()

    def __call__(self, x):
        return self.norm(self.stages(x))


class Gated(nn.Module):
    """Half of the features are the gate."""

    features: int

    @nn.compact
    def __call__(self, x):
        x = nn.glu(nn.Dense(2 * self.features)(x))
        x = nn.glu(nn.Dense(6)(x), axis=-1)
        return nn.LayerNorm()(x)


class GatedElsewhere(nn.Module):
    """Nobody knows which axis this is: the size after it is a parameter."""

    features: int

    @nn.compact
    def __call__(self, x, axis):
        x = nn.glu(nn.Dense(2 * self.features)(x), axis)
        return nn.LayerNorm()(x)


class Summary(nn.Module):
    """A function where no layer is made."""

    features: int
    project: bool = True

    def setup(self):
        self.summary = identity
        if self.project:
            size = 2 * self.features
            self.summary = nn.Dense(size)

    def __call__(self, x):
        return self.summary(x)


class Both(nn.Module):
    """Refused: one of two branches overrides what the other leaves."""

    features: int
    project: bool = True

    def setup(self):
        self.summary = identity
        if self.project:
            if self.features > 3:
                self.summary = nn.Dense(self.features)

    def __call__(self, x):
        return self.summary(x)
