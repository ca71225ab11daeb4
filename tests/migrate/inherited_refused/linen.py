"""Classes that derive from others in a way that `super().__init__` cannot follow."""
from typing import ClassVar

import flax.linen as nn
import jax.numpy as jnp


class Block(nn.Module):
    """Layers made in setup."""

    width: int
    rate: float = 0.0
    kind: ClassVar[str] = "block"

    def setup(self):
        self.dense = nn.Dense(self.width)
        self.norm = nn.LayerNorm()
        self.half = self.width // 2

    def mix(self, x):
        return self.norm(self.dense(x))

    def __call__(self, x):
        return nn.relu(self.mix(x))


class Gated(Block):
    """More layers beside those of the base."""

    gate: str = "sigmoid"

    def setup(self):
        super().setup()
        self.gate_dense = nn.Dense(self.width, use_bias=False)

    def __call__(self, x):
        y = super().__call__(x)
        gate = nn.sigmoid if self.gate == "sigmoid" else nn.tanh
        return y * gate(self.gate_dense(x))


class Compact(nn.Module):
    width: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.width)(x)


class Left(nn.Module):
    pass


class Right(nn.Module):
    pass


class TwoBases(Left, Right):
    pass


class Hides(Compact):
    """A layer of its own with the name that the layer of the base gets."""

    def setup(self):
        self.dense = nn.Dense(3)

    def other(self, x):
        return self.dense(x)


class PartOfBase(Gated):
    def setup(self):
        self.gate_dense = nn.Dense(self.width)

    def mix(self, x):
        return self.gate_dense(x)


class Sometimes(Compact):
    scale: bool = False

    @nn.compact
    def __call__(self, x):
        if self.scale:
            x = super().__call__(x)
        return x


class OfALayer(nn.Dense):
    def __call__(self, x):
        return super().__call__(x)


class Weights:
    def weight(self, shape):
        return self.param("weight", nn.initializers.ones, shape)


class WithWeights(nn.Module, Weights):
    @nn.compact
    def __call__(self, x):
        return x * self.weight((3,))


class Local(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.ConvLocal(3, (3,))(x)


class OfLocal(Local):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x)


class Changes(nn.Module):
    width: int

    def __post_init__(self):
        object.__setattr__(self, "width", 2 * self.width)
        super().__post_init__()

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.width)(x)


STATISTICS = "statistics"


class Counted(nn.Module):
    """Its collection has a name."""

    def setup(self):
        self.count = self.variable(STATISTICS, "count", jnp.zeros, (1,))

    def __call__(self, x):
        return x + self.count.value


class OfCounted(Counted):
    pass


class Sized(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x)


class OfLoaded(Sized):
    @nn.compact
    def __call__(self, path):
        x = super().__call__(jnp.load(path))
        return nn.Dense(2)(x)
