"""Dataclass fields: what in a class body is one, and what is not."""
import dataclasses
import typing as tp
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Callable, ClassVar

import equinox as eqx
import flax
import flax.linen as nn
from flax import nnx, struct


class MLP(nn.Module):  # NNX103: 10
    """A docstring is no field."""

    features: int  # NNX104: 4
    depth: int = 2  # NNX104: 4
    act: Callable[..., Any] = nn.relu  # NNX104: 4
    widths: list = field(default_factory=list)  # NNX104: 4
    scale: float = dataclasses.field(default=1.0, repr=False)  # NNX104: 4
    norm: "nn.Module" = None  # NNX104: 4
    train: bool = False  # NNX104: 4

    limit: ClassVar[int] = 3
    other: tp.ClassVar = 4
    quoted: "ClassVar[int]" = 5
    _: KW_ONLY
    late: bool = True  # NNX104: 4

    names = ("a", "b")
    letters = names

    def __call__(self, x):
        width: int = self.features
        y: Any = self.act(x)
        self.cache: Any = y
        return y * width


class Wide(MLP):
    factor: float = 2.0  # NNX104: 4

    def __call__(self, x):
        return super().__call__(x) * self.factor


class Generic(nn.Module, tp.Generic[tp.TypeVar("T")]):  # NNX103: 14
    value: tp.Any  # NNX104: 4


# ---- silent -------------------------------------------------------------------------------------------------------


class Converted(nnx.Module):
    features: int
    depth: int = 2


class Equinox(eqx.Module):
    features: int


@struct.dataclass
class State:
    step: int


@flax.struct.dataclass
class Other:
    step: int = 0


@dataclass
class Config:
    features: int = 3
    layers: tuple = (1, 2)


class Holder(nn.Module):  # noqa: NNX103
    @dataclass
    class Options:
        rate: float = 0.1

    def __call__(self, x):
        options: Holder.Options = Holder.Options()
        return x * options.rate


module_level: int = 3


class Callback(tp.Protocol):
    features: int


class Record(tp.NamedTuple):
    features: int
    depth: int = 1
