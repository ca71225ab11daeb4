"""Nested loops, nested calls and an inline Sequential."""
from typing import Sequence

from flax import nnx


class Block(nnx.Module):
    """A block."""

    def __init__(
        self,
        in_features: int,
        features: int,  # width of the block
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


class Nested(nnx.Module):
    def __init__(
        self, in_features: int, stages: Sequence[int], width: int = 8, *, rngs: nnx.Rngs
    ):
        self.blocks = nnx.List([])
        x_features = in_features
        for i, n in enumerate(stages):
            block_group = nnx.List([])
            for j in range(n):
                block_group.append(Block(x_features, width * 2**i, rngs=rngs))
                x_features = width * 2**i
            self.blocks.append(block_group)
        self.dense_layers_0 = nnx.List([])
        self.layer_norms_0 = nnx.List([])
        for w, act in ((3, nnx.relu), (4, nnx.tanh)):
            self.dense_layers_0.append(nnx.Linear(x_features, w, rngs=rngs))
            self.layer_norms_0.append(nnx.LayerNorm(w, rngs=rngs))
            x_features = w
        self.dense_layers_1 = nnx.List([])
        self.layer_norms_1 = nnx.List([])
        for w in (5, 6):
            self.dense_layers_1.append(nnx.Linear(x_features, w, rngs=rngs))
            self.layer_norms_1.append(nnx.LayerNorm(w, rngs=rngs))
            x_features = w
        self.sequential = nnx.Sequential(
            nnx.Linear(x_features, 3, rngs=rngs), nnx.relu, nnx.Linear(3, 4, rngs=rngs)
        )
        self.dense_2 = nnx.Linear(5, 2, rngs=rngs)
        self.dense_3 = nnx.Linear(4, 5, rngs=rngs)

    def __call__(self, x, train):
        for block_group in self.blocks:
            for block in block_group:
                x = block(x, train)
        for (w, act), dense_0, layer_norm_0 in zip(
            ((3, nnx.relu), (4, nnx.tanh)), self.dense_layers_0, self.layer_norms_0
        ):
            x = act(dense_0(x))
            x = layer_norm_0(x)
        for dense_1, layer_norm_1 in zip(self.dense_layers_1, self.layer_norms_1):
            x = dense_1(x)
            x = layer_norm_1(x)
        x = self.sequential(x)
        return self.dense_2(self.dense_3(x))
