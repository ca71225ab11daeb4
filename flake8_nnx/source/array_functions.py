"""Functions of jax.numpy and methods of arrays by their names: which effect on shapes each has.

The effects themselves are in `shapes`, `reshaped`, `grown`, `normalized` and `rearranged`.
"""
from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flake8_nnx.source import grown, normalized, rearranged, reshaped, shapes, starred
from flake8_nnx.source.dynamic import dynamic
from flake8_nnx.source.inittext import Env
from flake8_nnx.source.linen import LINEN
from flake8_nnx.source.sizes import floor_divide
from flake8_nnx.source.values import Array, Dtype, Items, Prefix, Shape, Start, Static, Unknown, array_of, elements, size_of

if TYPE_CHECKING:
    from flake8_nnx.source.trace import Tracer

PROMOTIONS = ("jax.numpy.promote_types", "jax.numpy.result_type")


def method(tracer: Tracer, array: Array, name: str, node: ast.Call, env: Env) -> Any:
    """`x.reshape(4, -1)` of an array."""
    positional, keywords = tracer.evaluator.arguments(node, env)
    given = starred.spread(node.args, positional)
    return Unknown() if given is None else _shape_effect(tracer, name, [array, *given], keywords)


def function(tracer: Tracer, origin: str, node: ast.Call, positional: list[Any], keywords: dict[str, Any], env: Env) -> Any:
    """What a function gives for these arguments; Unknown where nobody says."""
    if origin == normalized.AXES and len(positional) == 2:
        return normalized.axes(tracer, *positional)
    if origin == normalized.NORMALIZE:
        return normalized.normalize(tracer, node, env, positional, keywords)
    if origin in rearranged.FUNCTIONS and len(positional) > 1:
        return rearranged.rearranged(_ranked(tracer, positional[0]), positional[1], keywords)
    if not isinstance(grew := grown.made(origin, positional, keywords), Unknown):
        return grew
    if not origin.startswith(shapes.ELEMENTWISE_ROOTS):
        return Unknown()
    name = origin.rsplit(".", 1)[-1]
    if name == "einsum" and node.args and isinstance(node.args[0], ast.Constant):
        return shapes.einsum(str(node.args[0].value), positional[1:])
    if origin in PROMOTIONS and dynamic(positional):
        return Dtype()
    if origin == LINEN + "promote_dtype":
        return Items(tuple(positional))
    if origin in (LINEN + "max_pool", LINEN + "avg_pool", LINEN + "min_pool") and positional:
        window = positional[1] if len(positional) > 1 else keywords.get("window_shape")
        strides = positional[2] if len(positional) > 2 else keywords.get("strides")
        padding = positional[3] if len(positional) > 3 else keywords.get("padding")
        return shapes.pool(positional[0], window, strides, padding) if isinstance(positional[0], Array) else Unknown()
    return _shape_effect(tracer, name, positional, keywords)


def _ranked(tracer: Tracer, value: Any) -> Any:
    """An array with its rank, where something told that of the argument that it is made of."""
    if not isinstance(value, Array) or value.rank is not None or value.like is None or value.like[0] not in tracer.ranks:
        return value
    return replace(value, rank=tracer.ranks[value.like[0]] + value.like[1])


def _shape_effect(tracer: Tracer, name: str, positional: list[Any], keywords: Mapping[str, Any]) -> Any:
    """Functions of jax.numpy and methods of arrays, the array first."""
    first = _ranked(tracer, positional[0]) if positional else Unknown()
    second = positional[1] if len(positional) > 1 else None
    if name in ("concatenate", "hstack", "concat"):
        axis = keywords.get("axis", second)
        position = 0 if axis is None else shapes.integer(axis)
        return shapes.concatenate(elements(first) or (), position) if position is not None else Unknown()
    if name == "where" and len(positional) == 3 and isinstance(positional[1], Unknown) and isinstance(positional[2], Unknown):
        return Unknown()  # the condition may have axes of 1
    if name in shapes.CONVERSIONS and isinstance(first, Array):
        return replace(first, text=None)
    if name in shapes.ELEMENTWISE:
        return shapes.broadcast(positional)
    if name == "broadcast_to":
        target = keywords.get("shape", second)
        items = elements(target)
        return target.array if isinstance(target, Shape) else array_of([size_of(i) for i in items]) if items else Unknown()
    if name in ("zeros", "ones", "empty", "full") and isinstance(first, (Items, Prefix, Start, Shape)):
        return reshaped.filled(first)
    if not isinstance(first, Array):
        return Unknown()
    if name in shapes.REDUCTIONS:
        keep = keywords.get("keepdims")
        return shapes.reduce(first, keywords.get("axis", second), isinstance(keep, Static) and keep.text == "True")
    if name in ("reshape", "view"):
        shape = keywords.get("shape", keywords.get("newshape", second))
        if isinstance(shape, Prefix):
            return reshaped.reshape_like(shape)
        if isinstance(shape, Start):
            return reshaped.begun_like(shape, first if shape.array is positional[0] else None)
        if isinstance(shape, Shape):
            return shape.array
        items = elements(shape) if len(positional) < 3 else tuple(positional[1:])
        return reshaped.reshape(first, items if items is not None else [shape])
    if name == "glu":
        return shapes.gated(first, keywords.get("axis", second))
    if name in ("ravel", "flatten"):
        return reshaped.reshape(first, [Static("-1")])
    if name in ("expand_dims", "squeeze"):
        return getattr(shapes, name)(first, keywords.get("axis", second))
    if name == "transpose":
        order = shapes.integers(keywords.get("axes", second)) if len(positional) < 3 else None
        rest = [shapes.integer(p) for p in positional[1:]] if len(positional) > 2 else order
        if rest and first.like is not None:
            tracer.ranks.setdefault(first.like[0], len(rest) - first.like[1])
        return shapes.transpose(first, None if rest is None or None in rest else rest)  # type: ignore[arg-type]
    if name == "swapaxes" and len(positional) > 2:
        return shapes.swap_axes(first, shapes.integer(positional[1]), shapes.integer(positional[2]))
    if name == "repeat":
        return shapes.repeat(first, keywords.get("repeats", second), keywords.get("axis", (positional + [None] * 3)[2]))
    if name == "matmul" or name == "dot":
        return shapes.matmul(first, second)
    if name in ("with_logical_constraint", "set", "add", "copy", "block_until_ready", "multiply", "max", "min"):
        return first
    if name == "split" and isinstance(shapes.integer(second), int):
        count, axis = shapes.integer(second), shapes.integer(keywords.get("axis", (positional + [None] * 3)[2]))
        if axis is not None and axis < 0:
            part = first.with_axes({-axis: floor_divide(first.size(-axis), count)})
            return Items((part,) * (count or 0))
    return Unknown()
