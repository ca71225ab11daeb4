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

"""Flax implementation of ResNet V1.5."""

# See issue #620.
# pytype: disable=wrong-arg-count

from functools import partial
from typing import Any, Tuple
from collections.abc import Callable, Sequence

from flax import linen as nn
from flax import nnx
import jax.numpy as jnp

ModuleDef = Any


class ResNetBlock(nnx.Module):
  """ResNet block."""

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
    self.batch_norm_1 = norm(
        filters, scale_init=nnx.initializers.zeros_init(), rngs=rngs
    )
    if in_features != filters or max(strides) > 1:
      self.conv_proj = conv(
          in_features, filters, kernel_size=(1, 1), strides=strides, rngs=rngs
      )
      self.norm_proj = norm(filters, rngs=rngs)

  def __call__(
      self,
      x,
      use_running_average=None,
  ):
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


class BottleneckResNetBlock(nnx.Module):
  """Bottleneck ResNet block."""

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
    self.conv_0 = conv(in_features, filters, kernel_size=(1, 1), rngs=rngs)
    self.batch_norm_0 = norm(filters, rngs=rngs)
    self.conv_1 = conv(
        filters, filters, kernel_size=(3, 3), strides=strides, rngs=rngs
    )
    self.batch_norm_1 = norm(filters, rngs=rngs)
    self.conv_2 = conv(filters, filters * 4, kernel_size=(1, 1), rngs=rngs)
    self.batch_norm_2 = norm(
        filters * 4, scale_init=nnx.initializers.zeros_init(), rngs=rngs
    )
    if in_features != (filters * 4) or max(strides) > 1:
      self.conv_proj = conv(
          in_features,
          filters * 4,
          kernel_size=(1, 1),
          strides=strides,
          rngs=rngs,
      )
      self.norm_proj = norm(filters * 4, rngs=rngs)

  def __call__(self, x, use_running_average=None):
    residual = x
    y = self.conv_0(x)
    y = self.batch_norm_0(y, use_running_average=use_running_average)
    y = self.act(y)
    y = self.conv_1(y)
    y = self.batch_norm_1(y, use_running_average=use_running_average)
    y = self.act(y)
    y = self.conv_2(y)
    y = self.batch_norm_2(y, use_running_average=use_running_average)

    if residual.shape != y.shape:
      residual = self.conv_proj(residual)
      residual = self.norm_proj(residual, use_running_average=use_running_average)

    return self.act(residual + y)


class ResNet(nnx.Module):
  """ResNetV1.5."""

  def __init__(
      self,
      in_features: int,
      stage_sizes: Sequence[int],
      block_cls: ModuleDef,
      num_classes: int,
      num_filters: int = 64,
      dtype: Any = jnp.float32,
      act: Callable = nnx.relu,
      conv: ModuleDef = nnx.Conv,
      *,
      rngs: nnx.Rngs,
  ):
    self.dtype = dtype
    self.conv_init = conv(
        in_features,
        num_filters,
        kernel_size=(7, 7),
        strides=(2, 2),
        use_bias=False,
        dtype=dtype,
        padding=[(3, 3), (3, 3)],
        rngs=rngs,
    )
    self.bn_init = nnx.BatchNorm(
        num_filters,
        momentum=0.9,
        epsilon=1e-5,
        dtype=dtype,
        axis_name='batch',
        promote_dtype=lambda args, dtype: args,
        rngs=rngs,
    )
    self.res_net_blocks = nnx.List([])
    x_features = num_filters
    for i, block_size in enumerate(stage_sizes):
      res_net_block_group = nnx.List([])
      for j in range(block_size):
        strides = (2, 2) if i > 0 and j == 0 else (1, 1)
        res_net_block_group.append(
            block_cls(
                x_features,
                num_filters * 2**i,
                strides=strides,
                conv=partial(conv, use_bias=False, dtype=dtype),
                norm=partial(
                    nnx.BatchNorm,
                    momentum=0.9,
                    epsilon=1e-5,
                    dtype=dtype,
                    axis_name='batch',
                    promote_dtype=lambda args, dtype: args,
                ),
                act=act,
                rngs=rngs,
            )
        )
        x_features = (
            num_filters * 2**i * 4
            if block_cls is BottleneckResNetBlock
            else num_filters * 2**i
        )
      self.res_net_blocks.append(res_net_block_group)
    self.dense = nnx.Linear(x_features, num_classes, dtype=dtype, rngs=rngs)

  def __call__(self, x, train: bool = True):
    x = self.conv_init(x)
    x = self.bn_init(x, use_running_average=not train)
    x = nnx.relu(x)
    x = nnx.max_pool(x, (3, 3), strides=(2, 2), padding='SAME')
    for res_net_block_group in self.res_net_blocks:
      for res_net_block in res_net_block_group:
        x = res_net_block(x, use_running_average=not train)
    x = jnp.mean(x, axis=(1, 2))
    x = self.dense(x)
    x = jnp.asarray(x, self.dtype)
    return x


ResNet18 = partial(ResNet, stage_sizes=[2, 2, 2, 2], block_cls=ResNetBlock)
ResNet34 = partial(ResNet, stage_sizes=[3, 4, 6, 3], block_cls=ResNetBlock)
ResNet50 = partial(
    ResNet, stage_sizes=[3, 4, 6, 3], block_cls=BottleneckResNetBlock
)
ResNet101 = partial(
    ResNet, stage_sizes=[3, 4, 23, 3], block_cls=BottleneckResNetBlock
)
ResNet152 = partial(
    ResNet, stage_sizes=[3, 8, 36, 3], block_cls=BottleneckResNetBlock
)
ResNet200 = partial(
    ResNet, stage_sizes=[3, 24, 36, 3], block_cls=BottleneckResNetBlock
)


ResNet18Local = partial(
    ResNet, stage_sizes=[2, 2, 2, 2], block_cls=ResNetBlock, conv=nn.ConvLocal
)


# Used for testing only.
_ResNet1 = partial(ResNet, stage_sizes=[1], block_cls=ResNetBlock)
_ResNet1Local = partial(
    ResNet, stage_sizes=[1], block_cls=ResNetBlock, conv=nn.ConvLocal
)
