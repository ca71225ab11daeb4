"""Rules that make the two spellings of attention one: Linen scales the query, `jax.nn.dot_product_attention` the logits.

They hold over the reals and in float32 and float64 alone: in 16 bits the two spellings round to visibly different numbers.
"""
from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from flake8_nnx.verify.prove import views
from flake8_nnx.verify.prove.constants import number, number_of
from flake8_nnx.verify.prove.rules.registry import rule
from flake8_nnx.verify.prove.table import Call, Table

WIDE = ("float32", "float64")
FAR, NEAR = -(2.0**120), 2.0**119


@rule("rootscale", "div", precision="reals")
def division_by_a_root(table: Table, call: Call) -> Sequence[int] | None:
    """x / sqrt(c) = x * r for a number c and the float r that is next to 1 / sqrt(c).

    Sound over the reals, where r counts as the number that it was rounded from.
    Near miss that must stay different: x * r for the float after r, and x / c.
    """
    value, root = call.operands
    node = table.nodes[root]
    if node.op != "sqrt" or call.types[0].dtype not in WIDE or (square := number_of(table, node.operands[0])) is None:
        return None
    if square <= 0:
        return None
    return table.apply("mul", (value, number(table, 1 / math.sqrt(square), node.dtype)), (), call.types)


@rule("dotscale", "dot_general", precision="reals")
def dot_of_scaled(table: Table, call: Call) -> Sequence[int] | None:
    """dot(c x, y) = dot(x, c y) = c dot(x, y) for a number c.

    Sound over the reals: a dot product is linear in each operand.
    Near miss that must stay different: an array in the place of c, and any of the three in bfloat16.
    """
    if call.types[0].dtype not in WIDE:
        return None
    for place, operand in enumerate(call.operands):
        if found := _unscaled(table, operand):
            operands = tuple(found[0] if k == place else value for k, value in enumerate(call.operands))
            product = table.apply1(call.op, operands, call.params, call.types[0])
            return table.apply("mul", (product, found[1]), (), call.types)
    return None


def _unscaled(table: Table, value: int) -> tuple[int, int] | None:
    """The value before it, or what it is a view or reshape of, was multiplied by a number, and that number."""
    node = table.nodes[value]
    if node.op == "mul" and node.dtype in WIDE:
        for factor, rest in (node.operands, node.operands[::-1]):
            if table.nodes[factor].op == "const" and table.shape(factor) == () and table.shape(rest) == node.shape:
                return rest, factor
    if node.op in ("view", "reshape") and (found := _unscaled(table, node.operands[0])):
        if node.op == "view":
            return views.view(table, found[0], node.shape, node.param("axes")), found[1]
        return views.reshape(table, found[0], node.shape), found[1]
    return None


@rule("maskfill", "exp", precision="reals", condition="no attention logit is beyond 6e35")
def masked_logits(table: Table, call: Call) -> Sequence[int] | None:
    """exp(z - max(z)) for z = where(mask, x, f) is the same for every number f that is far below all x.

    Sound where |x| < 2^119 and f <= -2^120, both finite: a masked element is f - f = 0 where its row has no other elements,
    and else so far below the maximum that its exponential is 0; elements that are not masked do not see f unless their
    maximum does, which then is so far below them that the exponential is infinite for each such f.
    Near miss that must stay different: f = -1e9 or -inf, z itself, and the maximum of another array.
    """
    (value,) = call.operands
    node = table.nodes[value]
    if node.op != "sub" or node.dtype not in WIDE:
        return None
    masked, _ = views.parts(table, node.operands[0])
    choice = table.nodes[masked]
    if choice.op != "select_n" or len(choice.operands) != 3:
        return None
    lowest = number(table, float(np.finfo(choice.dtype).min), choice.dtype)
    fill = number_of(table, choice.operands[1])
    if fill is None or fill > FAR or math.isinf(fill) or choice.operands[1] == lowest:
        return None
    other = table.apply1("select_n", (choice.operands[0], lowest, choice.operands[2]), choice.params, choice.type)
    rows = _with_maximum_of(table, node.operands[1], masked, other)
    if rows is None:
        return None
    moved = _replaced(table, node.operands[0], other)
    return table.apply("exp", (table.apply1("sub", (moved, rows), node.params, node.type),), call.params, call.types)


def _with_maximum_of(table: Table, value: int, masked: int, other: int) -> int | None:
    """The value with the maximum of `masked` in it become that of `other`; None where it is not built from that maximum."""
    node = table.nodes[value]
    if node.op == "view":
        inner = _with_maximum_of(table, node.operands[0], masked, other)
        return None if inner is None else views.view(table, inner, node.shape, node.param("axes"))
    if node.op == "max":  # of the maximum and the -inf that it starts from
        for start, rest in (node.operands, node.operands[::-1]):
            if number_of(table, start) == -math.inf and (inner := _with_maximum_of(table, rest, masked, other)) is not None:
                return table.apply1("max", (start, inner), node.params, node.type)
        return None
    if node.op == "reduce_max" and views.parts(table, node.operands[0])[0] == masked:
        return table.apply1("reduce_max", (_replaced(table, node.operands[0], other),), node.params, node.type)
    return None


def _replaced(table: Table, value: int, base: int) -> int:
    """The view that `value` is, of another base of the same shape."""
    node = table.nodes[value]
    return views.view(table, base, node.shape, node.param("axes")) if node.op == "view" else base
