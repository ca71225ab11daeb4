"""Fields that hold module classes, with the partials and flags that their givers put around them."""
import functools
from functools import partial
from typing import Any, Callable

import flax.linen as nn
import jax.numpy as jnp

ModuleDef = Any


class Block(nn.Module):
    filters: int
    conv: ModuleDef
    norm: ModuleDef
    act: Callable
    strides: tuple[int, int] = (1, 1)

    @nn.compact
    def __call__(self, x):
        residual = x
        y = self.conv(self.filters, (3, 3), self.strides)(x)
        y = self.norm()(y)
        y = self.act(y)
        y = self.conv(self.filters, (3, 3))(y)
        y = self.norm(scale_init=nn.initializers.ones)(y)
        if residual.shape != y.shape:
            residual = self.conv(self.filters, (1, 1), self.strides, name="conv_proj")(residual)
            residual = self.norm(name="norm_proj")(residual)
        return self.act(residual + y)


class Wide(nn.Module):
    filters: int
    conv: ModuleDef
    norm: ModuleDef
    act: Callable
    strides: tuple[int, int] = (1, 1)

    @nn.compact
    def __call__(self, x):
        residual = x
        y = self.norm()(self.conv(self.filters * 2, (3, 3), self.strides)(x))  # twice as many
        if residual.shape != y.shape:
            residual = self.conv(self.filters * 2, (1, 1), self.strides, name="conv_proj")(residual)
        return self.act(residual + y)


class ResNet(nn.Module):
    stages: tuple[int, ...]
    block_cls: ModuleDef = Block
    filters: int = 4
    act: Callable = nn.relu
    conv: ModuleDef = nn.Conv

    @nn.compact
    def __call__(self, x, train: bool = True):
        # what every block is given
        conv = partial(self.conv, use_bias=False)
        norm = partial(nn.BatchNorm, use_running_average=not train, momentum=0.9, epsilon=1e-5)

        x = conv(self.filters, (3, 3), name="conv_init")(x)
        x = norm(name="bn_init")(x)
        for i, size in enumerate(self.stages):
            for j in range(size):
                strides = (2, 2) if i > 0 and j == 0 else (1, 1)
                x = self.block_cls(self.filters * 2**i, strides=strides, conv=conv, norm=norm, act=self.act)(x)
        x = jnp.mean(x, axis=(1, 2))
        return nn.Dense(3)(x)


Small = partial(ResNet, (1, 1), block_cls=Wide)


class Residual(nn.Module):
    hidden: int
    norm_layer: type[nn.Module] = nn.LayerNorm

    @nn.compact
    def __call__(self, x):
        h = self.norm_layer()(x)
        h = nn.Dense(self.hidden)(h)
        return x + nn.Dense(x.shape[-1])(nn.relu(h))


class Softmax(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.softmax(x)


class Relu(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.relu(x)


class Scaled(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x * self.param("scale", nn.initializers.ones, (x.shape[-1],))


class Mixer(nn.Module):
    features: int
    weights: Callable = Softmax
    dense: Callable = functools.partial(nn.Dense, kernel_init=nn.initializers.ones)

    def setup(self):
        self.inner = self.dense(self.features, use_bias=False)
        self.outer = self.dense(features=2)

    @nn.compact
    def __call__(self, x):
        return self.outer(self.weights()(self.inner(x)))


class Mixers(nn.Module):
    @nn.compact
    def __call__(self, x):
        return Mixer(4, weights=Relu)(x) + Mixer(4)(x)


class Tanh(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.tanh(x)


class Weighing(nn.Module):
    weights: Callable = Tanh

    @nn.compact
    def __call__(self, x):
        return self.weights()(x)


class Scaling(nn.Module):
    @nn.compact
    def __call__(self, x):
        return Weighing(Scaled)(x)


class Unseen(nn.Module):
    """Nobody here says which class it is given."""

    conv: ModuleDef

    @nn.compact
    def __call__(self, x):
        return self.conv(3)(x)


class Disagreeing(nn.Module):
    layer: ModuleDef = nn.Dense

    @nn.compact
    def __call__(self, x):
        return self.layer(3)(x)


class Giver(nn.Module):
    @nn.compact
    def __call__(self, x):
        return Disagreeing(nn.Embed)(x)
