# Copyright 2024 The Flax Authors.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""NNX port of ResNet V1.5 of the flax examples (`linen.py`), without its `ConvLocal` variants."""
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx


class ResNetBlock(nnx.Module):
    """Two 3x3 convolutions beside a shortcut."""

    expansion = 1

    def __init__(self, in_features: int, filters: int, conv: Any, norm: Any, act: Callable, strides: tuple[int, int]):
        self.act = act
        self.conv1 = conv(in_features, filters, (3, 3), strides)
        self.norm1 = norm(filters)
        self.conv2 = conv(filters, filters, (3, 3))
        self.norm2 = norm(filters, scale_init=nnx.initializers.zeros_init())
        self.shortcut = Shortcut(in_features, filters, conv, norm, strides)

    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        y = self.act(self.norm1(self.conv1(x), use_running_average=not train))
        y = self.norm2(self.conv2(y), use_running_average=not train)
        return self.act(self.shortcut(x, train) + y)


class BottleneckResNetBlock(nnx.Module):
    """A 3x3 convolution between two 1x1 convolutions beside a shortcut."""

    expansion = 4

    def __init__(self, in_features: int, filters: int, conv: Any, norm: Any, act: Callable, strides: tuple[int, int]):
        self.act = act
        self.conv1 = conv(in_features, filters, (1, 1))
        self.norm1 = norm(filters)
        self.conv2 = conv(filters, filters, (3, 3), strides)
        self.norm2 = norm(filters)
        self.conv3 = conv(filters, filters * 4, (1, 1))
        self.norm3 = norm(filters * 4, scale_init=nnx.initializers.zeros_init())
        self.shortcut = Shortcut(in_features, filters * 4, conv, norm, strides)

    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        y = self.act(self.norm1(self.conv1(x), use_running_average=not train))
        y = self.act(self.norm2(self.conv2(y), use_running_average=not train))
        y = self.norm3(self.conv3(y), use_running_average=not train)
        return self.act(self.shortcut(x, train) + y)


class Shortcut(nnx.Module):
    """The identity, or a 1x1 convolution where a block changes the shape."""

    def __init__(self, in_features: int, filters: int, conv: Any, norm: Any, strides: tuple[int, int]):
        self.identity = in_features == filters and strides == (1, 1)
        if not self.identity:
            self.conv_proj = conv(in_features, filters, (1, 1), strides)
            self.norm_proj = norm(filters)

    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        return x if self.identity else self.norm_proj(self.conv_proj(x), use_running_average=not train)


class ResNet(nnx.Module):
    """ResNet V1.5."""

    def __init__(
        self,
        stage_sizes: Sequence[int],
        block_cls: type[ResNetBlock] | type[BottleneckResNetBlock],
        num_classes: int,
        num_filters: int = 64,
        dtype: Any = jnp.float32,
        act: Callable = nnx.relu,
        *,
        rngs: nnx.Rngs,
    ):
        conv = partial(nnx.Conv, use_bias=False, dtype=dtype, rngs=rngs)
        norm = partial(nnx.BatchNorm, momentum=0.9, epsilon=1e-5, dtype=dtype, axis_name="batch", rngs=rngs)
        self.dtype = dtype
        self.conv_init = conv(3, num_filters, (7, 7), (2, 2), padding=[(3, 3), (3, 3)])
        self.bn_init = norm(num_filters)
        blocks, features = [], num_filters
        for i, block_size in enumerate(stage_sizes):
            for j in range(block_size):
                strides = (2, 2) if i > 0 and j == 0 else (1, 1)
                filters = num_filters * 2**i
                blocks.append(block_cls(features, filters, conv, norm, act, strides))
                features = filters * block_cls.expansion
        self.blocks = nnx.List(blocks)
        self.head = nnx.Linear(features, num_classes, dtype=dtype, rngs=rngs)

    def __call__(self, x: jax.Array, train: bool = True) -> jax.Array:
        x = nnx.relu(self.bn_init(self.conv_init(x), use_running_average=not train))
        x = nnx.max_pool(x, (3, 3), strides=(2, 2), padding="SAME")
        for block in self.blocks:
            x = block(x, train)
        x = jnp.mean(x, axis=(1, 2))
        return jnp.asarray(self.head(x), self.dtype)


ResNet18 = partial(ResNet, [2, 2, 2, 2], ResNetBlock)
ResNet34 = partial(ResNet, [3, 4, 6, 3], ResNetBlock)
ResNet50 = partial(ResNet, [3, 4, 6, 3], BottleneckResNetBlock)
ResNet101 = partial(ResNet, [3, 4, 23, 3], BottleneckResNetBlock)
ResNet152 = partial(ResNet, [3, 8, 36, 3], BottleneckResNetBlock)
ResNet200 = partial(ResNet, [3, 24, 36, 3], BottleneckResNetBlock)
