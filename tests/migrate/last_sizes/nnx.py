"""Sizes after a loop over the widths of a class: the last of them, as the class that constructs it says it."""
from typing import Sequence

from flax import nnx


class MLP(nnx.Module):
    def __init__(self, in_features: int, widths: Sequence[int], *, rngs: nnx.Rngs):
        self.hiddens = nnx.List([])
        x_features = in_features
        for i, width in enumerate(widths):
            self.hiddens.append(nnx.Linear(x_features, width, rngs=rngs))
            x_features = width

    def __call__(self, x):
        for hidden in self.hiddens:
            x = hidden(x)
        return x


class Twice(nnx.Module):
    def __init__(self, in_features: int, widths: Sequence[int], *, rngs: nnx.Rngs):
        self.mlp = MLP(in_features, list(widths), rngs=rngs)
        self.dense = nnx.Linear(list(widths)[-1], 3, rngs=rngs)

    def __call__(self, x):
        y = self.mlp(x)
        return self.dense(y)


class OneMore(nnx.Module):
    def __init__(self, in_features: int, widths: Sequence[int], *, rngs: nnx.Rngs):
        self.mlp_0 = MLP(in_features, list(widths) + [7], rngs=rngs)
        self.mlp_1 = MLP(7, [*widths, 5], rngs=rngs)
        self.dense = nnx.Linear(5, 3, rngs=rngs)

    def __call__(self, x):
        y = self.mlp_0(x)
        z = self.mlp_1(y)
        return self.dense(z)


class Numbers(nnx.Module):
    """The numbers of the turns are no sizes."""

    def __init__(self, in_features: int, widths: Sequence[int], *, rngs: nnx.Rngs):
        self.dense_layers_0 = nnx.List([])
        x_features = in_features
        for i, _ in enumerate(widths):
            self.dense_layers_0.append(nnx.Linear(x_features, i + 1, rngs=rngs))
            x_features = i + 1
        self.dense_1 = nnx.Linear(x_features, 3, rngs=rngs)

    def __call__(self, x):
        for dense_0 in self.dense_layers_0:
            x = dense_0(x)
        return self.dense_1(x)
