"""setup with lists, a Sequential, a parameter and two methods."""
from typing import Sequence

import flax.linen as nn
import jax.numpy as jnp


class MLP(nn.Module):
    features: Sequence[int]

    def setup(self):
        # the layers
        self.layers = [nn.Dense(f) for f in self.features]
        self.out = nn.Dense(3)  # output
        self.seq = nn.Sequential([nn.Dense(4), nn.relu, nn.Dense(5)])
        self.pair = [nn.Dense(6), nn.Dense(7)]
        self.bias = self.param("bias", nn.initializers.zeros, (3,))

    def __call__(self, x):
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if i != len(self.layers) - 1:
                x = nn.relu(x)
        x = self.seq(x)
        for p in self.pair:
            x = p(x)
        return self.out(x) + self.bias

    def norm(self, x):
        return jnp.sum(self(x) ** 2)
