"""Indexing: `x[:, 0]` of arrays, `x.shape[-1]` of shapes, `self.layers[i]` of lists.

Which element it is, or which sizes are left.
"""
from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flake8_nnx.source.dynamic import dynamic
from flake8_nnx.source.inittext import Env, last_axes, static
from flake8_nnx.source.literals import is_none
from flake8_nnx.source.sizes import Size
from flake8_nnx.source.values import (
    Array,
    AtLeast,
    Either,
    Items,
    Prefix,
    Repeated,
    Shape,
    Start,
    Static,
    TheAxis,
    Unknown,
    array_of,
    elements,
    one_of,
    size_of,
)

if TYPE_CHECKING:
    from flake8_nnx.source.evaluate import Evaluator


def subscript(evaluator: Evaluator, node: ast.Subscript, env: Env) -> Any:
    """The value of `owner[index]`."""
    owner = evaluator.value(node.value, env)
    index = node.slice
    position = _integer(evaluator, index, env)
    if isinstance(owner, Shape):
        if position is not None:
            return static(owner.array.at(position))
        axis = evaluator.value(index, env) if isinstance(index, ast.Name) else None
        if isinstance(axis, TheAxis) and axis.array == owner.array:
            return static(owner.array.size_at(axis.axis))
        if isinstance(index, ast.Slice) and index.lower is None and index.step is None and index.upper is not None:
            end = _integer(evaluator, index.upper, env)
            if end is not None and end < 0:
                return Prefix(owner.array, -end)
            if end is not None:
                return Start(owner.array, end)
        return last_axes(owner.array, index)
    if isinstance(owner, Array):
        return _of_array(evaluator, owner, index, env)
    if isinstance(owner, AtLeast):
        return owner.items[position] if position is not None and 0 <= position < len(owner.items) else Unknown()
    items = elements(owner)
    if items is not None and position is not None and -len(items) <= position < len(items):
        return items[position]
    if isinstance(owner, Items) and isinstance(index, ast.Slice) and index.step is None:
        bounds = [None if bound is None else _integer(evaluator, bound, env) for bound in (index.lower, index.upper)]
        if (index.lower is None) == (bounds[0] is None) and (index.upper is None) == (bounds[1] is None):
            return Items(owner.items[bounds[0]:bounds[1]])
        return Unknown()
    if isinstance(owner, Repeated):
        return _of_repeated(owner, index, position)
    # The owner is not evaluated again: a layer or a stream in it is made once.
    known = [owner, evaluator.value(index, env)]
    return evaluator.as_static(node, env) if isinstance(owner, Static) or not dynamic(known) else Unknown()


def _of_array(evaluator: Evaluator, array: Array, index: ast.expr, env: Env) -> Any:
    """`x[i, :, None, ...]`: basic indexing with integers, slices, None and ellipsis."""
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    dims = array.dims()
    if any(isinstance(p, ast.Constant) and p.value is Ellipsis for p in parts):
        place = next(i for i, p in enumerate(parts) if isinstance(p, ast.Constant) and p.value is Ellipsis)
        tail = [_picked(evaluator, part, array.size(len(parts) - place - 1 - k), env) for k, part in enumerate(parts[place + 1:])]
        if place == 0 and all(len(t) == 1 for t in tail):
            return array.with_axes({len(tail) - k: t[0] for k, t in enumerate(tail)})
        return array_of([]) if not tail else Unknown()
    if dims is None:
        simple = all(isinstance(p, ast.Slice) or _integer(evaluator, p, env) is not None for p in parts)
        return Array(None, {1: array.size(1)}) if simple else Unknown()
    result: list[Size] = []
    for part in parts:
        if is_none(part):
            result.append(1)
        elif dims:
            result += _picked(evaluator, part, dims.pop(0), env)
    return array_of([*result, *dims])


def _picked(evaluator: Evaluator, part: ast.expr, size: Size, env: Env) -> list[Size]:
    if not isinstance(part, ast.Slice):
        value = evaluator.value(part, env)
        return [] if not isinstance(value, Array) else [None]
    if part.step is not None:
        return [None]
    lower = size_of(evaluator.value(part.lower, env)) if part.lower is not None else 0
    if part.upper is None:
        return [size if lower == 0 else None if size is None or lower is None else f"{size} - {lower}"]
    upper = size_of(evaluator.value(part.upper, env))
    if isinstance(upper, int) and upper < 0:
        upper = None if size is None else f"{size} - {-upper}"
    return [upper if lower == 0 else None]


def _of_repeated(owner: Repeated, index: ast.expr, position: int | None) -> Any:
    """An element or a slice of a list that setup builds in a loop."""
    if isinstance(index, ast.Slice):
        start = index.lower.value if isinstance(index.lower, ast.Constant) else 0 if index.lower is None else None
        if index.upper is None and index.step is None and start in (0, len(owner.before)):
            return replace(owner, before=()) if start else owner
        return Unknown() if owner.before or owner.rest else owner.element
    if position is not None and 0 <= position < len(owner.before):
        return owner.before[position]
    modules = one_of(owner)
    return Either(modules) if owner.before or owner.rest else owner.element


def _integer(evaluator: Evaluator, node: ast.expr | None, env: Env) -> int | None:
    """The number that an index is written as."""
    if isinstance(node, (ast.Constant, ast.UnaryOp)):
        size = size_of(evaluator.as_static(node, env))
        return size if isinstance(size, int) else None
    return None
