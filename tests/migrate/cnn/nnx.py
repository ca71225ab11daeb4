"""Convolutions with batch norm, dropout, a partial, loops and explicit names."""
from typing import Sequence
from flax import nnx
import jax.numpy as jnp


class Block(nnx.Module):
    """A block."""

    def __init__(
        self,
        in_features: int,
        features: int,  # width of the block
        # how much to drop
        rate: float = 0.1,
        *,
        rngs: nnx.Rngs,
    ):
        self.conv = nnx.Conv(
            in_features, features, kernel_size=(3, 3), use_bias=False, rngs=rngs
        )
        self.batch_norm = nnx.BatchNorm(features, momentum=0.9, rngs=rngs)
        # drop
        self.dropout = nnx.Dropout(rate, rngs=rngs)
        if in_features != features:
            self.proj = nnx.Conv(in_features, features, kernel_size=(1, 1), rngs=rngs)

    def __call__(self, x, train: bool):
        residual = x
        x = self.conv(x)  # convolve
        x = self.batch_norm(x, use_running_average=not train)
        x = nnx.relu(x)
        x = self.dropout(x, deterministic=not train)
        if residual.shape[-1] != x.shape[-1]:
            residual = self.proj(residual)
        return x + residual


class CNN(nnx.Module):
    def __init__(
        self,
        in_features: int,
        features: Sequence[int],
        num_classes: int = 10,
        use_norm: bool = True,
        *,
        rngs: nnx.Rngs,
    ):
        self.use_norm = use_norm
        self.conv = nnx.Conv(
            in_features, 16, kernel_size=(3, 3), use_bias=False, rngs=rngs
        )
        self.blocks = nnx.List([])
        x_features = 16
        for i, feat in enumerate(features):
            self.blocks.append(Block(x_features, feat, rngs=rngs))
            x_features = feat
        if use_norm:
            self.layer_norm_0 = nnx.LayerNorm(x_features, rngs=rngs)
        self.dense_layers = nnx.List([])
        self.layer_norms_1 = nnx.List([])
        for feat in [32, 32]:
            self.dense_layers.append(nnx.Linear(x_features, feat, rngs=rngs))
            self.layer_norms_1.append(nnx.LayerNorm(feat, rngs=rngs))
            x_features = feat
        self.scale = nnx.Param(nnx.initializers.ones(rngs.params(), (x_features,)))
        self.head = nnx.Linear(x_features, num_classes, rngs=rngs)

    def __call__(self, x, train: bool = False):
        x = self.conv(x)
        for block in self.blocks:
            x = block(x, train)
            x = nnx.max_pool(x, (2, 2), strides=(2, 2))
        if self.use_norm:
            x = self.layer_norm_0(x)
        x = x.mean(axis=(1, 2))
        for dense, layer_norm_1 in zip(self.dense_layers, self.layer_norms_1):
            x = dense(x)
            x = layer_norm_1(x)
            x = nnx.tanh(x)
        scale = self.scale[...]
        x = x * scale
        return self.head(x)
