"""Classes that derive from others: fields, layers and methods of the base, replaced or called by super()."""
import abc
from typing import Any, ClassVar, Generic, List, Optional, Tuple, TypeVar

from flax import nnx
import jax.numpy as jnp

T = TypeVar("T")


class Named:
    """A mixin without any Linen."""

    def title(self):
        return type(self).__name__


class Head(nnx.Module, abc.ABC):
    """An abstract base: fields alone."""

    def __init__(
        self,
        out: int,
        use_bias: bool = True,  # of every layer
        *,
        rngs: nnx.Rngs,
    ):
        self.out = out

    @abc.abstractmethod
    def __call__(self, x):
        ...

    def scaled(self, x):
        return x / self.out


class Linear(Head):
    def __init__(
        self, in_features: int, out: int, use_bias: bool = True, *, rngs: nnx.Rngs
    ):
        self.out = out
        self.dense = nnx.Linear(in_features, out, use_bias=use_bias, rngs=rngs)

    def __call__(self, x):
        return self.scaled(self.dense(x))


class Deep(Named, Head):
    def __init__(
        self,
        in_features: int,
        out: int = 3,
        use_bias: bool = True,
        hidden: Tuple[int, ...] = (4,),
        *,
        rngs: nnx.Rngs,
    ):
        self.out = out
        self.dense_layers_0 = nnx.List([])
        x_features = in_features
        for width in hidden:
            self.dense_layers_0.append(
                nnx.Linear(x_features, width, use_bias=use_bias, rngs=rngs)
            )
            x_features = width
        self.dense_1 = nnx.Linear(x_features, out, rngs=rngs)

    def __call__(self, x):
        for dense_0 in self.dense_layers_0:
            x = nnx.relu(dense_0(x))
        return self.scaled(self.dense_1(x))


class Block(nnx.Module):
    """Layers made in setup."""
    kind: ClassVar[str] = "block"

    def __init__(
        self, in_features: int, width: int, rate: float = 0.0, *, rngs: nnx.Rngs
    ):
        self.width = width
        self.dense = nnx.Linear(in_features, width, rngs=rngs)
        self.norm = nnx.LayerNorm(width, rngs=rngs)
        self.half = width // 2

    def mix(self, x):
        return self.norm(self.dense(x))

    def __call__(self, x):
        return nnx.relu(self.mix(x))


class Residual(Block):
    """Another call of the same layers: the constructor is that of the base."""

    def __call__(self, x):
        return x + self.mix(x)[..., : self.half].mean()


class Gated(Block):
    """More layers beside those of the base."""

    def __init__(
        self,
        in_features: int,
        width: int,
        rate: float = 0.0,
        gate: str = "sigmoid",
        *,
        rngs: nnx.Rngs,
    ):
        super().__init__(in_features, width, rate=rate, rngs=rngs)
        self.gate = gate
        self.gate_dense = nnx.Linear(in_features, width, use_bias=False, rngs=rngs)

    def __call__(self, x):
        y = super().__call__(x)
        gate = nnx.sigmoid if self.gate == "sigmoid" else nnx.tanh
        return y * gate(self.gate_dense(x))


class Compact(nnx.Module):
    def __init__(self, in_features: int, width: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, width, rngs=rngs)

    def __call__(self, x):
        return self.dense(x)


class Doubled(Compact):
    """A layer before and after those of the base: Linen counts them together."""

    def __init__(self, in_features: int, width: int, last: int = 2, *, rngs: nnx.Rngs):
        super().__init__(5, width, rngs=rngs)
        self.dense_0 = nnx.Linear(in_features, 5, rngs=rngs)
        self.dense_1 = nnx.Linear(width, last, rngs=rngs)

    def __call__(self, x):
        x = self.dense_0(x)
        x = super().__call__(x)
        return self.dense_1(nnx.tanh(x))


class Replaced(Compact):
    """Nothing of what the base creates is left."""

    def __init__(self, width: int, *, rngs: nnx.Rngs):
        self.width = width
        self.embed = nnx.Embed(7, width, rngs=rngs)

    def __call__(self, x):
        return self.embed(x)


class Twice(Doubled):
    """The constructor of the constructor."""

    def __call__(self, x):
        return 2 * super().__call__(x)


class Container(nnx.Module, Generic[T]):
    def __init__(
        self,
        in_features: int,
        sizes: List[int] | None = None,
        seed: int = 1,
        *,
        dtype: Any = None,
        last: int,
        rngs: nnx.Rngs,
    ):
        sizes = [3, 4] if sizes is None else sizes
        self.seed = seed
        self.dense_layers_0 = nnx.List([])
        x_features = in_features
        for size in sizes:
            self.dense_layers_0.append(
                nnx.Linear(x_features, size, dtype=dtype, rngs=rngs)
            )
            x_features = size
        self.dense_1 = nnx.Linear(x_features, last, rngs=rngs)

    def __call__(self, x):
        for dense_0 in self.dense_layers_0:
            x = dense_0(x)
        return self.dense_1(x) * self.seed


class Filled(Container[int]):
    def __init__(
        self,
        in_features: int,
        sizes: List[int] | None = None,
        seed: int = 1,
        last: int = 2,
        *,
        dtype: Any = None,
        rngs: nnx.Rngs,
    ):
        super().__init__(
            in_features, sizes=sizes, seed=seed, dtype=dtype, last=last, rngs=rngs
        )


class User(nnx.Module):
    """Constructs them."""

    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.gated = Gated(in_features, in_features, rngs=rngs)
        self.residual = Residual(in_features, 6, rngs=rngs)
        self.filled = Filled(in_features, seed=2, rngs=rngs)
        self.twice = Twice(5, 4, rngs=rngs)
        self.container = Container(2, last=5, rngs=rngs)

    def __call__(self, x):
        x = self.gated(x)
        x = self.residual(x)
        x = self.filled(x)
        return self.twice(self.container(x))


def check_width(width):
    assert width > 0, width


class Checked(nnx.Module):
    """What it checks of its fields, the constructor checks."""

    def __init__(self, in_features: int, width: int, depth: int = 1, *, rngs: nnx.Rngs):
        # no layers are no network
        if depth < 1:
            raise ValueError(f'depth is {depth}')
        check_width(width)
        self.dense_layers = nnx.List([])
        x_features = in_features
        for _ in range(depth):
            self.dense_layers.append(nnx.Linear(x_features, width, rngs=rngs))
            x_features = width

    def __call__(self, x):
        for dense in self.dense_layers:
            x = dense(x)
        return x


class CheckedToo(Checked):
    """Other layers, the same checks."""

    def __init__(self, in_features: int, width: int, depth: int = 1, *, rngs: nnx.Rngs):
        if depth < 1:
            raise ValueError(f'depth is {depth}')
        check_width(width)
        self.width = width
        self.depth = depth
        self.dense = nnx.Linear(in_features, width + depth, rngs=rngs)

    def __call__(self, x):
        return self.dense(x)


class Tower(nnx.Module):
    def __init__(self, in_features: int, widths: tuple[int, ...], *, rngs: nnx.Rngs):
        self.dense_layers = nnx.List([])
        x_features = in_features
        for width in widths:
            self.dense_layers.append(nnx.Linear(x_features, width, rngs=rngs))
            x_features = width

    def __call__(self, x):
        for dense in self.dense_layers:
            x = nnx.relu(dense(x))
        return x


class OnTower(Tower):
    """A layer after the loop of the base, which is over where this one is made."""

    def __init__(
        self,
        in_features: int,
        widths: tuple[int, ...],
        last: int = 2,
        *,
        rngs: nnx.Rngs,
    ):
        super().__init__(in_features, widths, rngs=rngs)
        self.dense_layer = nnx.Linear(widths[-1], last, rngs=rngs)

    def __call__(self, x):
        return self.dense_layer(super().__call__(x))


class Doubling(nnx.Module):
    def __init__(self, in_features: int, depth: int = 2, *, rngs: nnx.Rngs):
        self.dense_layers = nnx.List([])
        x_features = in_features
        for i in range(depth):
            self.dense_layers.append(nnx.Linear(x_features, 2 * x_features, rngs=rngs))
            x_features = 2 * x_features

    def __call__(self, x):
        for dense in self.dense_layers:
            x = dense(x)
        return x


class OnDoubling(Doubling):
    def __init__(
        self,
        in_features: int,
        dense_layer_in_features: int,
        depth: int = 2,
        *,
        rngs: nnx.Rngs,
    ):
        super().__init__(in_features, depth=depth, rngs=rngs)
        self.dense_layer = nnx.Linear(dense_layer_in_features, 2, rngs=rngs)

    def __call__(self, x):
        return self.dense_layer(super().__call__(x))
