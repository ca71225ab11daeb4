"""Leftovers of Linen on NNX classes; what dataclasses, bridge modules, Linen and other libraries do stays silent."""
import dataclasses
from typing import ClassVar

import equinox as eqx
import flax.linen as nn
import haiku as hk
import torch
from flax import linen, nnx
from flax.nnx import bridge


class Net(nnx.Module):
    def __init__(self, rngs):
        self.layer = nnx.Linear(2, 2, rngs=rngs)

    @nn.compact  # NNX819: 5
    def __call__(self, x):
        return self.layer(x)

    @linen.nowrap  # NNX819: 5
    def helper(self, x):
        return x

    @nnx.jit
    def fast(self, x):
        return self.layer(x)


class Fields(nnx.Module):
    width: int  # NNX819: 4
    depth: int

    def __call__(self, x):
        return x * self.width


class Sub(Fields):
    height: int = 3  # NNX819: 4

    @nn.nowrap  # NNX819: 5
    def helper(self, x):
        return x


def make():
    native = Fields(width=3), Sub(height=4), Annotated(width=3), Mixed(width=3)
    return native, Plain(width=3), Data(width=3), Bridged(width=3)


# ---- silent -------------------------------------------------------------------------------------------------------


class Annotated(nnx.Module):
    width: int
    count: ClassVar[int] = 0

    def __init__(self, width):
        self.width = width


class Inherits(Annotated):
    layer: nnx.Linear

    def __call__(self, x):
        return self.layer(x) * self.width


@nnx.dataclass
class Data(nnx.Module):
    width: int

    def __call__(self, x):
        return x * self.width


@dataclasses.dataclass
class Plain(nnx.Module):
    width: int

    def __call__(self, x):
        return x * self.width


class Interface(nnx.Module):
    width: int

    def __call__(self, x):
        raise NotImplementedError


class SetOutside(nnx.Module):
    table: nnx.Param

    def __call__(self, x):
        return self.table[x]


made = SetOutside()
made.table = nnx.Param(1)


class CallsSetup(nnx.Module):
    def __init__(self):
        self.setup()

    def setup(self):
        self.width = 3


class Mixed(nnx.Module, Unknown):  # noqa: F821
    width: int

    def __call__(self, x):
        return x * self.width


class Bridged(bridge.Module):
    width: int

    @bridge.compact
    def __call__(self, x):
        return x * self.width


class Old(nn.Module):  # NNX103: 10
    width: int  # NNX104: 4

    @nn.compact  # NNX101: 5
    def __call__(self, x):
        return x * self.width


class Equinox(eqx.Module):
    width: int

    def __call__(self, x):
        return x * self.width


class Haiku(hk.Module):
    width: int

    def setup(self):
        return self.width


class Torch(torch.nn.Module):
    width: int

    def setup(self):
        return self.width
