"""Rules for dot products and convolutions."""
from __future__ import annotations

from collections.abc import Hashable, Sequence

from flake8_nnx.verify.prove import views
from flake8_nnx.verify.prove.rules.registry import rule
from flake8_nnx.verify.prove.rules.slices import cut
from flake8_nnx.verify.prove.table import Call, Node, Table, Type

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
    params = tuple((k, v) for k, v in call.params if k != "preferred_element_type")
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


@rule("dotform", "dot_general", precision="reals")
def dot_in_one_form(table: Table, call: Call) -> Sequence[int] | None:
    """A dot product does not depend on the order of its operands, of their axes and of the pairs of axes, nor on axes of size 1.

    Sound over the reals: each output element is the same sum of the same products, but the device may choose another order
    of summation for another layout.
    Near miss that must stay different: x @ y.T and x @ y for square arrays, and x @ y and y @ x.
    """
    (x, of_x), (y, of_y) = (_in_own_order(table, value) for value in call.operands)
    left, right, *batch = _numbers(call)
    summed = [(of_x[i], of_y[k]) for i, k in zip(left, right) if of_x[i] >= 0]
    shared = [(of_x[i], of_y[k]) for i, k in zip(*batch) if of_x[i] >= 0]
    forms = [(x, y, sorted(summed), sorted(shared), False)]
    if call.param("precision") is None:  # which may be one for each operand
        forms.append((y, x, sorted(pair[::-1] for pair in summed), sorted(pair[::-1] for pair in shared), True))
    first, second, summed, shared, swapped = min(forms)
    numbers = _spelled(summed, shared)
    if (first, second) == call.operands and numbers == call.param("dimension_numbers"):
        return None
    free = [
        [k for k in range(len(table.shape(value))) if all(pair[side] != k for pair in (*summed, *shared))]
        for side, value in enumerate((first, second))
    ]
    shape = [table.shape(first)[k] for k, _ in shared]
    shape += [table.shape(value)[k] for value, axes in zip((first, second), free) for k in axes]
    params = tuple((k, numbers if k == "dimension_numbers" else v) for k, v in call.params)
    made = table.apply1(call.op, (first, second), params, Type(tuple(shape), call.types[0].dtype))
    # An axis of the result by the operand that it comes from and its place there, before and after.
    there = [("x", pair[swapped]) for pair in shared]
    there += [("yx"[swapped == side], k) for side, axes in enumerate(free) for k in axes]
    here = [("x", of_x[k]) for k in batch[0]]
    here += [("x", axis) for k, axis in enumerate(of_x) if k not in (*left, *batch[0])]
    here += [("y", axis) for k, axis in enumerate(of_y) if k not in (*right, *batch[1])]
    return [views.view(table, made, call.types[0].shape, [None if k[1] < 0 else there.index(k) for k in here])]


def _in_own_order(table: Table, value: int) -> tuple[int, list[int]]:
    """What the value is a view of, without its axes of size 1, and where there each axis is, -1 for those of size 1.

    A view that repeats elements is left alone.
    """
    base, axes = views.parts(table, value)
    if any(axis is None and size != 1 for axis, size in zip(axes, table.shape(value))):
        base, axes = value, tuple(None if size == 1 else k for k, size in enumerate(table.shape(value)))
    order = sorted(axis for axis in axes if axis is not None)
    core = views.view(table, base, [table.shape(base)[axis] for axis in order], order)
    return core, [-1 if axis is None else order.index(axis) for axis in axes]


def _spelled(summed: Sequence[tuple[int, int]], shared: Sequence[tuple[int, int]]) -> Hashable:
    """Dimension numbers as `_numbers` reads them."""
    pairs = (("tuple", *(("tuple", *(pair[side] for pair in found)) for side in (0, 1))) for found in (summed, shared))
    return ("tuple", *pairs)


def _numbers(node: Node | Call) -> tuple[tuple[int, ...], ...]:
    """Contracted axes of both operands, then batch axes of both operands."""
    _, (_, *contracted), (_, *batch) = node.param("dimension_numbers")
    return tuple(axes[1:] for axes in (*contracted, *batch))
