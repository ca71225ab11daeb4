"""Initialisers that a property gives, and layers with a private name."""
import flax.linen as nn


class Head(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.features)(x.reshape(x.shape[0], -1))


class Block(nn.Module):
    width: int
    scale: float = 1.0

    @property
    def kernel_init(self):
        return nn.initializers.variance_scaling(self.scale, "fan_in", "normal")

    def setup(self):
        self._up = nn.Dense(self.width, kernel_init=self.kernel_init)
        self._head = Head(3)

    def __call__(self, x):
        return self._head(nn.gelu(self._up(x)))
