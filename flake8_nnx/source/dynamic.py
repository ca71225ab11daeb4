"""Values that `__init__` cannot compute, nor anything made of them: arrays, shapes, layers, what nobody can follow."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flake8_nnx.source.values import (
    Array,
    AtLeast,
    Chosen,
    Either,
    Graph,
    Items,
    Joined,
    Member,
    Module,
    Network,
    Prefix,
    Rank,
    Repeated,
    Shape,
    Start,
    TheAxis,
    Unknown,
)

DYNAMIC = (
    Array, Unknown, Module, Member, Either, Items, AtLeast, Repeated, Shape, Prefix, Start, Rank, TheAxis, Graph, Network, Joined,
    Chosen,
)  # fmt: skip


def dynamic(values: Iterable[Any]) -> bool:
    """Whether one of these values is known only in the call."""
    return any(isinstance(value, DYNAMIC) for value in values)
