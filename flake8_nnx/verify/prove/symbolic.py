"""Inputs of symbolic sizes, and the decisions that user code took about such sizes while it was traced.

JAX answers an undecidable `==` between sizes with False, so a trace with symbolic sizes holds only where those
answers are right; they are collected here and either discharged by further proofs at those sizes or reported.
"""
from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from unittest import mock

import flax
import jax
from jax import export
from jax._src import core  # what is undecidable has no public name in newer versions
from jax._src.export import shape_poly  # symbolic sizes have no public hook for their comparisons

Axes = Sequence["tuple[str | None, ...]"]


class Decision(NamedTuple):
    """A comparison of sizes that was taken to be false.

    Attributes:
        left, right: spellings of the sizes; `right` is often a number.
        place: file name and line.
    """

    left: str
    right: str
    place: str

    def __str__(self) -> str:
        return f"{self.left} != {self.right}"


def batch_axes(inputs: Any, name: str = "b") -> tuple[tuple[str | None, ...], ...]:
    """Names of the axes for `with_sizes`: the leading axis of every array that is as long as the first array's."""
    shapes = [tuple(leaf.shape) for leaf in jax.tree.leaves(inputs)]
    size = next((shape[0] for shape in shapes if shape), None)
    return tuple(
        tuple(name if k == 0 and shape[0] == size else None for k in range(len(shape))) for shape in shapes
    )


def names(axes: Axes) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for leaf in axes for name in leaf if name))


def with_sizes(inputs: Any, axes: Axes, sizes: Mapping[str, Any]) -> Any:
    """The inputs with named axes of these sizes (numbers or symbolic), others as they are."""
    leaves, tree = jax.tree.flatten(inputs)
    if len(leaves) != len(axes):
        raise ValueError(f"axes names {len(axes)} arrays, but the inputs have {len(leaves)}")
    return jax.tree.unflatten(tree, [
        jax.ShapeDtypeStruct(
            tuple(sizes.get(name, size) if name else size for name, size in zip(named, leaf.shape)), leaf.dtype
        )
        for leaf, named in zip(leaves, axes)
    ])  # fmt: skip


def symbols(wanted: Iterable[str]) -> dict[str, Any]:
    """Fresh symbolic sizes, at least 1, in one scope."""
    wanted = tuple(wanted)
    return dict(zip(wanted, export.symbolic_shape(", ".join(wanted)))) if wanted else {}


@contextlib.contextmanager
def decisions() -> Iterator[dict[Decision, None]]:
    """Within the context, collects the comparisons of symbolic sizes, outside of JAX itself, that were not certain."""
    found: dict[Decision, None] = {}
    size = shape_poly._DimExpr
    compare, digest = size.__eq__, size.__hash__

    def note(left: Any, right: Any, frame: Any) -> None:
        if frame.f_code is _UNEQUAL:
            frame = frame.f_back or frame
        name = frame.f_code.co_filename
        if not _trusted(name) and (right is _ANY or _undecided(left, right)):
            short = "/".join(name.replace("\\", "/").split("/")[-2:])
            found[Decision(str(left), str(right), f"{short}:{frame.f_lineno}")] = None

    def equal(self: Any, other: Any) -> bool:
        result = bool(compare(self, other))
        if not result:
            note(self, other, sys._getframe(1))
        return result

    def hashed(self: Any) -> int:
        frame = sys._getframe(1)
        if not frame.f_code.co_filename.startswith(_FLAX):  # Flax keeps traced functions by shape
            note(self, _ANY, frame)  # looking a symbolic size up among numbers fails without any comparison
        return digest(self)

    with mock.patch.object(size, "__eq__", equal), mock.patch.object(size, "__hash__", hashed):
        yield found


_ANY = "any size it is looked up among"
_UNEQUAL = shape_poly._DimExpr.__ne__.__code__
_JAX, _FLAX, _HERE = (
    os.path.dirname(os.path.abspath(file)) + os.sep for file in (jax.__file__, flax.__file__, __file__)
)


def _trusted(filename: str) -> bool:
    """JAX treats an uncertain comparison as one by design, and this package compares spellings."""
    return filename.startswith((_JAX, _HERE))


def _undecided(left: Any, right: Any) -> bool:
    """Whether some sizes would make the two equal."""
    if not core.is_dim(right):
        return False
    try:
        return not (left > right or left < right)
    except core.InconclusiveDimensionOperation:
        return True
