"""Classes that fields choose, by a name of the method."""
from functools import partial

from flax import linen as nn


class Block(nn.Module):
    width: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.width)(x)


class Wide(nn.Module):
    width: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(2 * self.width)(x)


class Remat(nn.Module):
    remat: bool = True

    @nn.compact
    def __call__(self, x):
        block = nn.remat(Block, prevent_cse=False) if self.remat else Block
        for i in range(3):
            x = block(4, name=f"block_{i}")(x)
        return x


class Branches(nn.Module):
    remat: bool = True
    kind: str = "rms"

    @nn.compact
    def __call__(self, x):
        block_cls = Block
        if self.remat:  # saves memory
            block_cls = nn.remat(Block, prevent_cse=False)
        if self.kind == "rms":
            norm = nn.RMSNorm
        else:
            norm = nn.LayerNorm
        for _ in range(2):
            x = block_cls(4)(norm()(x))
        return x


class Own(nn.Module):
    wide: bool = True

    def setup(self):
        cls = Wide if self.wide else Block
        self.a = cls(3)
        self.b = cls(width=4)

    def __call__(self, x):
        return self.b(self.a(x))


class Leaf(nn.Module):
    width: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.width)(x)


class Twig(nn.Module):
    width: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(2 * self.width)(x)


class ByTheCall(nn.Module):
    @nn.compact
    def __call__(self, x, wide=False):
        cls = Twig if wide else Leaf
        return cls(3)(x)


class Changing(nn.Module):
    wide: bool = True

    @nn.compact
    def __call__(self, x):
        cls = Twig if self.wide else Leaf
        x = cls(3)(x)
        cls = Leaf if self.wide else Twig
        return cls(3)(x)


class WithArguments(nn.Module):
    wide: bool = True

    @nn.compact
    def __call__(self, x):
        cls = partial(Twig, 3) if self.wide else partial(Leaf, 4)
        return cls()(x)


class OtherArguments(nn.Module):
    wide: bool = True

    @nn.compact
    def __call__(self, x):
        cls = nn.Dense if self.wide else Leaf
        return cls(3, name="layer")(x)


class OneWay(nn.Module):
    remat: bool = True

    @nn.compact
    def __call__(self, x):
        block = nn.remat(Twig, prevent_cse=False) if self.remat else Twig
        return block(4)(x)


class AnotherWay(nn.Module):
    remat: bool = True

    @nn.compact
    def __call__(self, x):
        block = nn.remat(Twig) if self.remat else Twig
        return block(4)(x)


class Mapped(nn.Module):
    mapped: bool = True

    @nn.compact
    def __call__(self, x):
        block = nn.vmap(Leaf, variable_axes={"params": 0}, split_rngs={"params": True}) if self.mapped else Leaf
        return block(4)(x)


class Shadowed(nn.Module):
    """The name is that of a field."""

    norm: bool = True

    @nn.compact
    def __call__(self, x):
        norm = nn.RMSNorm if self.norm else nn.LayerNorm
        return norm()(x)


class NoTwin(nn.Module):
    local: bool = True

    @nn.compact
    def __call__(self, x):
        conv = nn.ConvLocal if self.local else nn.Conv
        return conv(3, (3,))(x)


class InBranches(nn.Module):
    """The last branch stands inside of the others."""

    kind: str
    features: int

    def setup(self):
        if self.kind == "conv":
            self.layer = nn.Conv(self.features, (3,))
        elif self.kind == "dense":
            # Of one place alone.
            self.layer = nn.Dense(self.features)
        elif self.kind == "back":
            self.layer = nn.ConvTranspose(self.features, (3,))

    def __call__(self, x):
        return self.layer(x)
