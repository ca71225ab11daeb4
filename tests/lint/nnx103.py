"""Base classes: every way of naming `flax.linen.Module`, and everything else called Module."""
from __future__ import annotations

import typing
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import equinox
import equinox as eqx
import flax
import flax.linen
import flax.linen as nn
import haiku as hk
import torch.nn
from flax import linen, nnx
from flax import linen as fnn
from flax.linen import Module
from flax.linen import Module as LinenModule
from flax.linen.module import Module as Private

try:
    from flax import linen as tried
except ImportError:
    tried = None

if TYPE_CHECKING:
    import flax.linen as checked

T = TypeVar("T")
Base = nn.Module


class A(nn.Module):  # NNX103: 8
    pass


class B(linen.Module):  # NNX103: 8
    pass


class C(fnn.Module):  # NNX103: 8
    pass


class D(flax.linen.Module):  # NNX103: 8
    pass


class E(Module):  # NNX103: 8
    pass


class F(LinenModule):  # NNX103: 8
    pass


class G(Private):  # NNX103: 8
    pass


class H(tried.Module):  # NNX103: 8
    pass


class I1(checked.Module):  # NNX103: 9
    pass


class J(Base):  # NNX103: 8
    pass


class K(nn.Module, Generic[T]):  # NNX103: 8
    def __call__(self, x: T) -> T:
        return x


class L(typing.Protocol, nn.Module):  # NNX103: 25
    pass


class M(nn.RNNCellBase):  # NNX103: 8
    features: int  # NNX104: 4


class N(nn.Dense):  # NNX103: 8
    pass


class O1(nn.ConvLocal):  # NNX103: 9
    pass


def local():
    from flax import linen as inner

    class P(inner.Module):  # NNX103: 12
        pass

    return P


# ---- silent: derived from a class of this file, which is flagged itself ---------------------------------------------


class Child(A):
    pass


class Grandchild(Child):
    pass


class Mixed(Child, Generic[T]):
    pass


# ---- silent: other modules ----------------------------------------------------------------------------------------


class Converted(nnx.Module):
    pass


class Torch(torch.nn.Module):
    pass


class Haiku(hk.Module):
    pass


class Equinox(eqx.Module):
    width: int


class EquinoxSpelled(equinox.Module):
    pass


class Shape(Protocol):
    def __call__(self, x): ...


class NNXSpelled(flax.nnx.Module):
    pass


def torch_inside():
    import torch.nn as nn

    class Inside(nn.Module):
        pass

    return Inside


def parameter(nn):
    class Unknown(nn.Module):
        pass

    return Unknown


def redefined():
    class Module:
        pass

    class Own(Module):
        pass

    return Own


def reassigned():
    module = nn.Module
    module = object

    class Plain(module):
        pass

    return Plain


class Meta(metaclass=type(nn.Module)):
    pass


holds = (nn.Module, Module)
