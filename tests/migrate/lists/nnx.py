"""Lists of layers that setup fills before and in a loop, with several layers in each turn."""
import flax.linen as nn
from flax import nnx


class Pyramid(nnx.Module):
    def __init__(self, in_features: int, channels: tuple[int, ...], *, rngs: nnx.Rngs):
        self.conv_in = nnx.Conv(in_features, channels[0], kernel_size=(3, 3), rngs=rngs)
        # downwards
        self.blocks = nnx.List([])
        x_features = channels[0]
        for i in range(len(channels) - 1):
            channel_in = channels[i]
            # keeps the size
            self.blocks.append(
                nnx.Conv(x_features, channel_in, kernel_size=(3, 3), rngs=rngs)
            )
            self.blocks.append(
                nnx.Conv(
                    channel_in,
                    channels[i + 1],
                    kernel_size=(3, 3),
                    strides=(2, 2),
                    rngs=rngs,
                )
            )
            x_features = channels[i + 1]
        self.conv_out = nnx.Conv(x_features, 2, kernel_size=(1, 1), rngs=rngs)

    def __call__(self, x):
        x = self.conv_in(x)
        # downwards
        for block in self.blocks:
            x = nnx.silu(block(x))
        return self.conv_out(x)


class Mid(nnx.Module):
    def __init__(self, in_features: int, features: int, depth: int, *, rngs: nnx.Rngs):
        # there is always one
        self.resnets = nnx.List([nnx.Linear(in_features, features, rngs=rngs)])
        self.attentions = nnx.List([])
        for _ in range(depth):
            self.attentions.append(
                nnx.Linear(features, features, use_bias=False, rngs=rngs)
            )
            self.resnets.append(nnx.Linear(features, features, rngs=rngs))

    def __call__(self, x):
        x = self.resnets[0](x)
        for attention, resnet in zip(self.attentions, self.resnets[1:]):
            x = resnet(nnx.relu(attention(x)))
        return x


class Plain(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.layers = nnx.List(
            [
                nnx.Linear(in_features, features, rngs=rngs),
                nnx.LayerNorm(features, rngs=rngs),
            ]
        )

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Numbered(nnx.Module):
    def __init__(self, in_features: int, depth: int, *, rngs: nnx.Rngs):
        self.layers = nnx.List([nnx.Linear(in_features, 3, rngs=rngs)])
        for i in range(depth):
            self.layers.append(nnx.Linear(3, 3, rngs=rngs))

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Sometimes(nn.Module):
    depth: int

    def setup(self):
        layers = []
        for i in range(self.depth):
            layers.append(nn.Dense(3))
            if i > 0:
                layers.append(nn.LayerNorm())
        self.layers = layers

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Reversed(nn.Module):
    """The list has another order than the layers were made in."""

    depth: int

    def setup(self):
        layers = []
        for _ in range(self.depth):
            first = nn.Dense(3)
            second = nn.Dense(4)
            layers.append(second)
            layers.append(first)
        self.layers = layers

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x
