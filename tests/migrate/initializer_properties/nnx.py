"""Initialisers that a property gives, and layers with a private name."""
from flax import nnx


class Head(nnx.Module):
    def __init__(self, dense_in_features: int, features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(dense_in_features, features, rngs=rngs)

    def __call__(self, x):
        return self.dense(x.reshape(x.shape[0], -1))


class Block(nnx.Module):
    def __init__(
        self,
        in_features: int,
        head_dense_in_features: int,
        width: int,
        scale: float = 1.0,
        *,
        rngs: nnx.Rngs,
    ):
        self.scale = scale
        self._up = nnx.Linear(
            in_features,
            width,
            kernel_init=nnx.initializers.variance_scaling(scale, "fan_in", "normal"),
            rngs=rngs,
        )
        self._head = Head(head_dense_in_features, 3, rngs=rngs)

    @property
    def kernel_init(self):
        return nnx.initializers.variance_scaling(self.scale, "fan_in", "normal")

    def __call__(self, x):
        return self._head(nnx.gelu(self._up(x)))
