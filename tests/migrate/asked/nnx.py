"""Attributes that other code reads stay: what setup stores, and fields; those that nobody reads go."""
from flax import nnx
import jax.numpy as jnp


class Patches(nnx.Module):
    def __init__(
        self,
        in_features: int,
        size: int,
        width: int,
        unread: int = 3,
        *,
        rngs: nnx.Rngs,
    ):
        self.size = size
        self.width = width
        num_patches = (32 // size) ** 2
        self.num_patches = num_patches
        self.projection = nnx.Conv(
            in_features,
            width,
            kernel_size=(size, size),
            strides=(size, size),
            padding="VALID",
            rngs=rngs,
        )

    def __call__(self, x):
        return jnp.reshape(self.projection(x), (x.shape[0], -1, self.width))


class Embeddings(nnx.Module):
    def __init__(self, in_features: int, size: int, *, rngs: nnx.Rngs):
        self.size = size
        self.patches = Patches(in_features, size, 4, rngs=rngs)
        self.position = nnx.Param(
            nnx.initializers.zeros_init()(
                rngs.params(), (1, self.patches.num_patches, 4)
            )
        )

    def __call__(self, x):
        return self.patches(x) + self.position[...]


def describe(config):
    model = Patches(config.unread, 4)
    return model.size
