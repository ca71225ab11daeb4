"""Fields that hold module classes, with the partials and flags that their givers put around them."""
import functools
from functools import partial
from typing import Any, Callable

import flax.linen as nn
from flax import nnx
import jax.numpy as jnp

ModuleDef = Any


class Block(nnx.Module):
    def __init__(
        self,
        in_features: int,
        filters: int,
        conv: ModuleDef,
        norm: ModuleDef,
        act: Callable,
        strides: tuple[int, int] = (1, 1),
        *,
        rngs: nnx.Rngs,
    ):
        self.act = act
        self.conv_0 = conv(
            in_features, filters, kernel_size=(3, 3), strides=strides, rngs=rngs
        )
        self.batch_norm_0 = norm(filters, rngs=rngs)
        self.conv_1 = conv(filters, filters, kernel_size=(3, 3), rngs=rngs)
        self.batch_norm_1 = norm(filters, scale_init=nnx.initializers.ones, rngs=rngs)
        if in_features != filters or max(strides) > 1:
            self.conv_proj = conv(
                in_features, filters, kernel_size=(1, 1), strides=strides, rngs=rngs
            )
            self.norm_proj = norm(filters, rngs=rngs)

    def __call__(self, x, use_running_average=None):
        residual = x
        y = self.conv_0(x)
        y = self.batch_norm_0(y, use_running_average=use_running_average)
        y = self.act(y)
        y = self.conv_1(y)
        y = self.batch_norm_1(y, use_running_average=use_running_average)
        if residual.shape != y.shape:
            residual = self.conv_proj(residual)
            residual = self.norm_proj(residual, use_running_average=use_running_average)
        return self.act(residual + y)


class Wide(nnx.Module):
    def __init__(
        self,
        in_features: int,
        filters: int,
        conv: ModuleDef,
        norm: ModuleDef,
        act: Callable,
        strides: tuple[int, int] = (1, 1),
        *,
        rngs: nnx.Rngs,
    ):
        self.act = act
        self.batch_norm = norm(filters * 2, rngs=rngs)
        self.conv_layer = conv(
            in_features, filters * 2, kernel_size=(3, 3), strides=strides, rngs=rngs
        )
        if in_features != (filters * 2) or max(strides) > 1:
            self.conv_proj = conv(
                in_features, filters * 2, kernel_size=(1, 1), strides=strides, rngs=rngs
            )

    def __call__(self, x, use_running_average=None):
        residual = x
        y = self.batch_norm(self.conv_layer(x), use_running_average=use_running_average)  # twice as many
        if residual.shape != y.shape:
            residual = self.conv_proj(residual)
        return self.act(residual + y)


class ResNet(nnx.Module):
    def __init__(
        self,
        in_features: int,
        stages: tuple[int, ...],
        block_cls: ModuleDef = Block,
        filters: int = 4,
        act: Callable = nnx.relu,
        conv: ModuleDef = nnx.Conv,
        *,
        rngs: nnx.Rngs,
    ):
        # what every block is given
        self.conv_init = conv(
            in_features, filters, kernel_size=(3, 3), use_bias=False, rngs=rngs
        )
        self.bn_init = nnx.BatchNorm(filters, momentum=0.9, epsilon=1e-5, rngs=rngs)
        self.blocks = nnx.List([])
        x_features = filters
        for i, size in enumerate(stages):
            block_group = nnx.List([])
            for j in range(size):
                strides = (2, 2) if i > 0 and j == 0 else (1, 1)
                block_group.append(
                    block_cls(
                        x_features,
                        filters * 2**i,
                        strides=strides,
                        conv=partial(conv, use_bias=False),
                        norm=partial(nnx.BatchNorm, momentum=0.9, epsilon=1e-5),
                        act=act,
                        rngs=rngs,
                    )
                )
                x_features = filters * 2**i * 2 if block_cls is Wide else filters * 2**i
            self.blocks.append(block_group)
        self.dense = nnx.Linear(x_features, 3, rngs=rngs)

    def __call__(self, x, train: bool = True):
        x = self.conv_init(x)
        x = self.bn_init(x, use_running_average=not train)
        for block_group in self.blocks:
            for block in block_group:
                x = block(x, use_running_average=not train)
        x = jnp.mean(x, axis=(1, 2))
        return self.dense(x)


Small = partial(ResNet, (1, 1), block_cls=Wide)


class Residual(nnx.Module):
    def __init__(
        self,
        in_features: int,
        hidden: int,
        norm_layer: type[nnx.Module] = nnx.LayerNorm,
        *,
        rngs: nnx.Rngs,
    ):
        self.layer_norm = norm_layer(in_features, rngs=rngs)
        self.dense_0 = nnx.Linear(in_features, hidden, rngs=rngs)
        self.dense_1 = nnx.Linear(hidden, in_features, rngs=rngs)

    def __call__(self, x):
        h = self.layer_norm(x)
        h = self.dense_0(h)
        return x + self.dense_1(nnx.relu(h))


class Softmax(nnx.Module):
    def __call__(self, x):
        return nnx.softmax(x)


class Relu(nnx.Module):
    def __call__(self, x):
        return nnx.relu(x)


class Scaled(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x * self.param("scale", nn.initializers.ones, (x.shape[-1],))


class Mixer(nnx.Module):
    def __init__(
        self,
        in_features: int,
        features: int,
        weights: Callable = Softmax,
        dense: Callable = functools.partial(nnx.Linear, kernel_init=nnx.initializers.ones),
        *,
        rngs: nnx.Rngs,
    ):
        self.inner = dense(in_features, features, use_bias=False, rngs=rngs)
        self.outer = dense(features, 2, rngs=rngs)
        self.softmax = weights()

    def __call__(self, x):
        return self.outer(self.softmax(self.inner(x)))


class Mixers(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.mixer_0 = Mixer(in_features, 4, weights=Relu, rngs=rngs)
        self.mixer_1 = Mixer(in_features, 4, rngs=rngs)

    def __call__(self, x):
        return self.mixer_0(x) + self.mixer_1(x)


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
