"""Rules for dot products and convolutions."""
from __future__ import annotations

from collections.abc import Sequence

from flake8_nnx.verify.prove.rules.registry import rule
from flake8_nnx.verify.prove.rules.slices import cut
from flake8_nnx.verify.prove.table import Call, Node, Table

CONTRACTIONS = ("dot_general", "conv_general_dilated")


@rule("pet", *CONTRACTIONS)
def result_dtype_alone(table: Table, call: Call) -> Sequence[int] | None:
    """preferred_element_type is the result dtype, or is absent and the result dtype says the same.

    Sound: JAX lowers both to one instruction whose result dtype is that of the equation.
    Near miss that must stay different: the same operands with another result dtype, or another precision.
    """
    wanted = call.param("preferred_element_type")
    if wanted is None or wanted != ("dtype", call.types[0].dtype):
        return None
    params = tuple((k, None if k == "preferred_element_type" else v) for k, v in call.params)
    return table.apply(call.op, call.operands, params, call.types)


@rule("dotslice", "slice1", precision="reals")
def slice_of_dot(table: Table, call: Call) -> Sequence[int] | None:
    """A slice along a free axis of dot(x, y) is the dot with that operand sliced.

    Sound over the reals: each output element is the same sum of the same products, but the device may choose another
    order of summation for another shape.
    Near miss that must stay different: a slice along a contracted axis, which drops terms of the sum.
    """
    (value,) = call.operands
    node, axis = table.nodes[value], call.param("axis")
    if node.op != "dot_general":
        return None
    left, right, left_batch, right_batch = _numbers(node)
    x, y = node.operands
    free_x = [k for k in range(len(table.shape(x))) if k not in (*left, *left_batch)]
    free_y = [k for k in range(len(table.shape(y))) if k not in (*right, *right_batch)]
    place = axis - len(left_batch)
    if place < 0:
        return None
    start, limit = call.param("start"), call.param("limit")
    if place < len(free_x):
        operands = (cut(table, x, free_x[place], start, limit), y)
    else:
        operands = (x, cut(table, y, free_y[place - len(free_x)], start, limit))
    return table.apply("dot_general", operands, node.params, call.types)


@rule("dotconcat", "dot_general", precision="reals")
def dot_of_pieces(table: Table, call: Call) -> Sequence[int] | None:
    """dot(concatenate(a, b), concatenate(v, w)) along a contracted axis = dot(a, v) + dot(b, w).

    Sound over the reals: the same products are summed, in another order.
    Near miss that must stay different: the pieces of one side in another order, or of other sizes.
    """
    left, right, _, _ = _numbers(call)
    x, y = call.operands
    for axis, other in zip(left, right):
        for whole, place, rest, there, swapped in ((x, axis, y, other, False), (y, other, x, axis, True)):
            node = table.nodes[whole]
            if node.op != "concatenate" or node.param("dimension") != place:
                continue
            sizes = [size for piece in node.operands if isinstance(size := table.shape(piece)[place], int)]
            if len(sizes) < len(node.operands):
                continue
            terms, start = [], 0
            for piece, size in zip(node.operands, sizes):
                pair = (piece, cut(table, rest, there, start, start + size))
                terms.append(table.apply1(call.op, pair[::-1] if swapped else pair, call.params, call.types[0]))
                start += size
            total = terms[0]
            for term in terms[1:]:
                total = table.apply1("add", (total, term), (), call.types[0])
            return [total]
    return None


def _numbers(node: Node | Call) -> tuple[tuple[int, ...], ...]:
    """Contracted axes of both operands, then batch axes of both operands."""
    _, (_, *contracted), (_, *batch) = node.param("dimension_numbers")
    return tuple(axes[1:] for axes in (*contracted, *batch))
