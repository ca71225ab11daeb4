"""Attributes that other code reads stay: what setup stores, and fields; those that nobody reads go."""
import flax.linen as nn
import jax.numpy as jnp


class Patches(nn.Module):
    size: int
    width: int
    unread: int = 3

    def setup(self):
        size = self.size
        num_patches = (32 // size) ** 2
        self.num_patches = num_patches
        self.never_read = num_patches + 1
        self.projection = nn.Conv(self.width, kernel_size=(size, size), strides=(size, size), padding="VALID")

    def __call__(self, x):
        return jnp.reshape(self.projection(x), (x.shape[0], -1, self.width))


class Embeddings(nn.Module):
    size: int

    def setup(self):
        self.patches = Patches(self.size, 4)
        self.position = self.param("position", nn.initializers.zeros_init(), (1, self.patches.num_patches, 4))

    def __call__(self, x):
        return self.patches(x) + self.position


def describe(config):
    model = Patches(config.unread, 4)
    return model.size
