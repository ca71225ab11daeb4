"""Sizes of stages that change the number of features, seen by the classes that run them."""
from typing import Optional, Tuple

import flax.linen as nn
from flax import nnx


def identity(x, **kwargs):
    return x


class Block(nnx.Module):
    def __init__(
        self,
        in_features: int,
        in_channels: int,
        out_channels: Optional[int] = None,
        *,
        rngs: nnx.Rngs,
    ):
        self.out_channels = out_channels
        out_channels = in_channels if self.out_channels is None else self.out_channels
        self.conv = nnx.Linear(in_features, out_channels, rngs=rngs)

    def __call__(self, x):
        return self.conv(x)


class Down(nnx.Module):
    """Its maker says how many features it has, so that it has no others."""

    def __init__(
        self,
        in_features: int,
        in_channels: int,
        out_channels: int,
        layers: int = 2,
        *,
        rngs: nnx.Rngs,
    ):
        self.in_channels = in_channels
        self.blocks = nnx.List([])
        x_features = in_features
        for i in range(layers):
            in_channels = self.in_channels if i == 0 else out_channels
            self.blocks.append(
                Block(
                    x_features,
                    in_channels=in_channels,
                    out_channels=out_channels,
                    rngs=rngs,
                )
            )
            x_features = in_channels if out_channels is None else out_channels

    def __call__(self, x):
        for block in self.blocks:
            x = block(x)
        return x


class Stages(nnx.Module):
    """A list that a loop makes longer; the last stage says how many features come out."""

    def __init__(self, in_features: int, sizes: Tuple[int, ...], *, rngs: nnx.Rngs):
        self.stages = nnx.List([Down(in_features, 3, sizes[0], rngs=rngs)])
        x_features = sizes[0]
        for size in sizes[1:]:
            self.stages.append(Down(x_features, size, size, layers=1, rngs=rngs))
            x_features = size

    def __call__(self, x):
        for stage in self.stages:
            x = stage(x)
        return x


class Classifier(nnx.Module):
    def __init__(self, in_features: int, sizes: Tuple[int, ...], *, rngs: nnx.Rngs):
        self.stages = Stages(in_features, sizes, rngs=rngs)
        self.norm = nnx.LayerNorm(sizes[-1], rngs=rngs)

    def __call__(self, x):
        return self.norm(self.stages(x))


class Gated(nnx.Module):
    """Half of the features are the gate."""

    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.dense_0 = nnx.Linear(in_features, 2 * features, rngs=rngs)
        self.dense_1 = nnx.Linear(features, 6, rngs=rngs)
        self.layer_norm = nnx.LayerNorm(3, rngs=rngs)

    def __call__(self, x):
        x = nnx.glu(self.dense_0(x))
        x = nnx.glu(self.dense_1(x), axis=-1)
        return self.layer_norm(x)


class GatedElsewhere(nnx.Module):
    """Nobody knows which axis this is: the size after it is a parameter."""

    def __init__(
        self,
        in_features: int,
        layer_norm_num_features: int,
        features: int,
        *,
        rngs: nnx.Rngs,
    ):
        self.dense = nnx.Linear(in_features, 2 * features, rngs=rngs)
        self.layer_norm = nnx.LayerNorm(layer_norm_num_features, rngs=rngs)

    def __call__(self, x, axis):
        x = nnx.glu(self.dense(x), axis)
        return self.layer_norm(x)


class Summary(nnx.Module):
    """A function where no layer is made."""

    def __init__(
        self, in_features: int, features: int, project: bool = True, *, rngs: nnx.Rngs
    ):
        if project:
            size = 2 * features
            self.summary = nnx.Linear(in_features, size, rngs=rngs)
        else:
            self.summary = identity

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
