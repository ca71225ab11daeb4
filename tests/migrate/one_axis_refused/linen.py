from typing import Any

import flax.linen as nn
import jax.numpy as jnp


class Mix(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        channels = x.shape[-2]
        kernel = self.param("kernel", nn.initializers.lecun_normal(), (self.features, channels))
        return jnp.einsum("...cp,fc->...fp", x, kernel)


class Table(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        table = self.param("table", nn.initializers.normal(), (x.shape[-2], x.shape[-1], self.features))
        return jnp.einsum("...pc,pcf->...pf", x, table)


class OtherNumbers(nn.Module):
    """The layers of each turn are other ones than those of the turn that made them: no size is that of all."""

    features: tuple

    def setup(self):
        self.layers = [Mix(self.features[i]) for i in range(1, 3)]

    def __call__(self, x):
        for i in range(2):
            x = self.layers[i](x)
        return x


class OneOfTwo(nn.Module):
    """The second list is made in a loop over other numbers."""

    features: tuple

    def setup(self):
        self.same = [Mix(self.features[i + 1]) for i in range(2)]
        self.flipped = [Mix(self.features[i]) for i in range(1, 3)]

    def __call__(self, x):
        for i in range(2):
            x = self.same[i](x) + self.flipped[i](x)
        return x


class Missing(nn.Module):
    """The last axis but one is not known, and each turn may have another."""

    features: tuple

    def setup(self):
        self.tables = [Table(size) for size in self.features]

    def __call__(self, x, order):
        for table in self.tables:
            x = table(x[order])
        return x


class LeftOut(nn.Module):
    """The argument may be None."""

    @nn.compact
    def __call__(self, x, y: Any = None):
        if y is None:
            return nn.Dense(3)(x)
        length = y.shape[-2]
        return nn.Dense(3)(x) + self.param("table", nn.initializers.normal(), (length, 3))
