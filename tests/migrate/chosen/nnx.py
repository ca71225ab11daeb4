"""Classes that fields choose, by a name of the method."""
from functools import partial

from flax import linen as nn
from flax import nnx


class Block(nnx.Module):
    def __init__(self, in_features: int, width: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, width, rngs=rngs)

    def __call__(self, x):
        return self.dense(x)


class CheckpointBlock(Block):
    __call__ = nnx.remat(Block.__call__, prevent_cse=False)


class Wide(nnx.Module):
    def __init__(self, in_features: int, width: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 2 * width, rngs=rngs)

    def __call__(self, x):
        return self.dense(x)


class Remat(nnx.Module):
    def __init__(self, in_features: int, remat: bool = True, *, rngs: nnx.Rngs):
        block = CheckpointBlock if remat else Block
        self.blocks = nnx.List([])
        x_features = in_features
        for i in range(3):
            self.blocks.append(block(x_features, 4, rngs=rngs))
            x_features = 4

    def __call__(self, x):
        for block_layer in self.blocks:
            x = block_layer(x)
        return x


class Branches(nnx.Module):
    def __init__(
        self, in_features: int, remat: bool = True, kind: str = "rms", *, rngs: nnx.Rngs
    ):
        # saves memory
        block_cls = CheckpointBlock if remat else Block
        norm = nnx.RMSNorm if kind == "rms" else nnx.LayerNorm
        self.blocks = nnx.List([])
        self.norm_layers = nnx.List([])
        x_features = in_features
        for _ in range(2):
            self.blocks.append(block_cls(x_features, 4, rngs=rngs))
            self.norm_layers.append(norm(x_features, rngs=rngs))
            x_features = 4

    def __call__(self, x):
        for block, norm_layer in zip(self.blocks, self.norm_layers):
            x = block(norm_layer(x))
        return x


class Own(nnx.Module):
    def __init__(self, in_features: int, wide: bool = True, *, rngs: nnx.Rngs):
        cls = Wide if wide else Block
        self.a = cls(in_features, 3, rngs=rngs)
        self.b = cls((3 if cls is Block else 6), width=4, rngs=rngs)

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


class InBranches(nnx.Module):
    """The last branch stands inside of the others."""

    def __init__(self, in_features: int, kind: str, features: int, *, rngs: nnx.Rngs):
        if kind == "conv":
            self.layer = nnx.Conv(in_features, features, kernel_size=(3,), rngs=rngs)
        elif kind == "dense":
            # Of one place alone.
            self.layer = nnx.Linear(in_features, features, rngs=rngs)
        elif kind == "back":
            self.layer = nnx.ConvTranspose(
                in_features, features, kernel_size=(3,), rngs=rngs
            )

    def __call__(self, x):
        return self.layer(x)
