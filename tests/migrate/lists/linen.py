"""Lists of layers that setup fills before and in a loop, with several layers in each turn."""
import flax.linen as nn


class Pyramid(nn.Module):
    channels: tuple[int, ...]

    def setup(self):
        self.conv_in = nn.Conv(self.channels[0], (3, 3))
        # downwards
        blocks = []
        for i in range(len(self.channels) - 1):
            channel_in = self.channels[i]
            conv1 = nn.Conv(channel_in, (3, 3))  # keeps the size
            blocks.append(conv1)
            conv2 = nn.Conv(self.channels[i + 1], (3, 3), strides=(2, 2))
            blocks.append(conv2)
        self.blocks = blocks
        self.conv_out = nn.Conv(2, (1, 1))

    def __call__(self, x):
        x = self.conv_in(x)
        # downwards
        for block in self.blocks:
            x = nn.silu(block(x))
        return self.conv_out(x)


class Mid(nn.Module):
    features: int
    depth: int

    def setup(self):
        # there is always one
        resnets = [nn.Dense(self.features)]
        attentions = []
        for _ in range(self.depth):
            attentions.append(nn.Dense(self.features, use_bias=False))
            resnet = nn.Dense(self.features)
            resnets.append(resnet)
        self.resnets = resnets
        self.attentions = attentions

    def __call__(self, x):
        x = self.resnets[0](x)
        for attention, resnet in zip(self.attentions, self.resnets[1:]):
            x = resnet(nn.relu(attention(x)))
        return x


class Plain(nn.Module):
    features: int

    def setup(self):
        layers = []
        layers.append(nn.Dense(self.features))
        layers.append(nn.LayerNorm())
        self.layers = layers

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Numbered(nn.Module):
    depth: int

    def setup(self):
        layers = [nn.Dense(3, name="0")]
        for i in range(self.depth):
            layers.append(nn.Dense(3, name=str(i + 1)))
        self.layers = layers

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
