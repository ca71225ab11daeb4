"""Classes that derive from others: fields, layers and methods of the base, replaced or called by super()."""
import abc
import dataclasses
from typing import Any, ClassVar, Generic, List, Optional, Tuple, TypeVar

import flax.linen as nn
import jax.numpy as jnp

T = TypeVar("T")


class Named:
    """A mixin without any Linen."""

    def title(self):
        return type(self).__name__


class Head(nn.Module, abc.ABC):
    """An abstract base: fields alone."""

    out: int
    use_bias: bool = True  # of every layer

    @abc.abstractmethod
    def __call__(self, x):
        ...

    def scaled(self, x):
        return x / self.out


class Linear(Head):
    @nn.compact
    def __call__(self, x):
        return self.scaled(nn.Dense(self.out, use_bias=self.use_bias)(x))


class Deep(Named, Head):
    hidden: Tuple[int, ...] = (4,)
    out: int = 3

    @nn.compact
    def __call__(self, x):
        for width in self.hidden:
            x = nn.relu(nn.Dense(width, use_bias=self.use_bias)(x))
        return self.scaled(nn.Dense(self.out)(x))


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


class Residual(Block):
    """Another call of the same layers: the constructor is that of the base."""

    def __call__(self, x):
        return x + self.mix(x)[..., : self.half].mean()


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


class Doubled(Compact):
    """A layer before and after those of the base: Linen counts them together."""

    last: int = 2

    @nn.compact
    def __call__(self, x):
        x = nn.Dense(5)(x)
        x = super().__call__(x)
        return nn.Dense(self.last)(nn.tanh(x))


class Replaced(Compact):
    """Nothing of what the base creates is left."""

    @nn.compact
    def __call__(self, x):
        return nn.Embed(7, self.width)(x)


class Twice(Doubled):
    """The constructor of the constructor."""

    def __call__(self, x):
        return 2 * super().__call__(x)


class Container(nn.Module, Generic[T]):
    sizes: List[int] = dataclasses.field(default_factory=lambda: [3, 4])
    seed: int = dataclasses.field(default=1, repr=False)
    _: dataclasses.KW_ONLY
    dtype: Any = None
    last: int

    @nn.compact
    def __call__(self, x):
        for size in self.sizes:
            x = nn.Dense(size, dtype=self.dtype)(x)
        return nn.Dense(self.last)(x) * self.seed


class Filled(Container[int]):
    last: int = 2


class User(nn.Module):
    """Constructs them."""

    @nn.compact
    def __call__(self, x):
        x = Gated(x.shape[-1])(x)
        x = Residual(6)(x)
        x = Filled(seed=2)(x)
        return Twice(4)(Container(last=5)(x))


def check_width(width):
    assert width > 0, width


class Checked(nn.Module):
    """What it checks of its fields, the constructor checks."""

    width: int
    depth: int = 1

    def __post_init__(self):
        super().__post_init__()
        # no layers are no network
        if self.depth < 1:
            raise ValueError(f"depth is {self.depth}")
        check_width(self.width)

    @nn.compact
    def __call__(self, x):
        for _ in range(self.depth):
            x = nn.Dense(self.width)(x)
        return x


class CheckedToo(Checked):
    """Other layers, the same checks."""

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.width + self.depth)(x)


class Tower(nn.Module):
    widths: tuple[int, ...]

    @nn.compact
    def __call__(self, x):
        for width in self.widths:
            x = nn.relu(nn.Dense(width)(x))
        return x


class OnTower(Tower):
    """A layer after the loop of the base, which is over where this one is made."""

    last: int = 2

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.last)(super().__call__(x))


class Doubling(nn.Module):
    depth: int = 2

    @nn.compact
    def __call__(self, x):
        for i in range(self.depth):
            x = nn.Dense(2 * x.shape[-1])(x)
        return x


class OnDoubling(Doubling):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(2)(super().__call__(x))
