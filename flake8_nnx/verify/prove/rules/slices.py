"""Rules for slices along one axis, `slice1(x; axis, start, limit)`, to which slice and split are brought."""
from __future__ import annotations

from collections.abc import Sequence

from flake8_nnx.verify.prove import views
from flake8_nnx.verify.prove.rules.elementwise import ELEMENTWISE
from flake8_nnx.verify.prove.rules.registry import rule
from flake8_nnx.verify.prove.table import Call, Params, Table, Type


def cut(table: Table, value: int, axis: int, start: int, limit: int) -> int:
    """The elements of the value from start to limit along an axis."""
    shape = table.shape(value)
    shape = (*shape[:axis], limit - start, *shape[axis + 1 :])
    params: Params = (("axis", axis), ("limit", limit), ("start", start))
    return table.apply1("slice1", (value,), params, Type(shape, table.dtype(value)))


@rule("slice", "slice")
def axis_by_axis(table: Table, call: Call) -> Sequence[int] | None:
    """A slice with unit strides is a slice along each axis in turn.

    Sound: by definition of slice; axes taken whole are left alone.
    Near miss that must stay different: a slice with strides, or one of the same length from another start.
    """
    strides = call.param("strides")
    if strides is not None and any(step != 1 for step in strides[1:]):
        return None
    (value,) = call.operands
    cuts = []
    for axis, (start, limit) in enumerate(zip(call.param("start_indices")[1:], call.param("limit_indices")[1:])):
        size = table.shape(value)[axis]
        whole = size if isinstance(size, int) else ("size", size)
        if start == 0 and limit == whole:
            continue
        if not isinstance(start, int) or not isinstance(limit, int):
            return None
        cuts.append((axis, start, limit))
    for axis, start, limit in cuts:
        value = cut(table, value, axis, start, limit)
    return [value]


@rule("split", "split")
def split_is_slices(table: Table, call: Call) -> Sequence[int] | None:
    """split(x) = the slices of x that follow each other.

    Sound: by definition of split.
    Near miss that must stay different: the same pieces in another order.
    """
    sizes, axis = call.param("sizes")[1:], call.param("axis")
    if not all(isinstance(size, int) for size in sizes):
        return None
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    return [cut(table, call.operands[0], axis, start, start + size) for start, size in zip(starts, sizes)]


@rule("unstack", "unstack")
def unstack_is_slices(table: Table, call: Call) -> Sequence[int] | None:
    """unstack(x) = the slices of size 1 of x, without that axis.

    Sound: by definition of unstack.
    Near miss that must stay different: the same along another axis.
    """
    (value,), axis = call.operands, call.param("axis")
    pieces = [cut(table, value, axis, k, k + 1) for k in range(len(call.types))]
    return [views.reshape(table, piece, kind.shape) for piece, kind in zip(pieces, call.types)]


@rule("stack", "stack")
def stack_is_concatenation(table: Table, call: Call) -> Sequence[int] | None:
    """stack(x, y) = concatenate(x, y) along a new axis.

    Sound: by definition of stack.
    Near miss that must stay different: stack(y, x), and the new axis in another place.
    """
    axis, shape = call.param("axis"), call.types[0].shape
    piece = (*shape[:axis], 1, *shape[axis + 1 :])
    pieces = [views.reshape(table, value, piece) for value in call.operands]
    return table.apply("concatenate", pieces, (("dimension", axis),), call.types)


@rule("slice1", "slice1")
def slice_of_moved_data(table: Table, call: Call) -> Sequence[int] | None:
    """A slice of a slice, of a view or of a concatenation is a slice of what they were made from.

    Sound: all of them are index maps, which compose; a slice is pushed into a concatenation only if one piece holds
    it all.
    Near miss that must stay different: a slice that crosses the border of two pieces, and the neighbouring piece.
    """
    (value,) = call.operands
    axis, start, limit = call.param("axis"), call.param("start"), call.param("limit")
    node = table.nodes[value]
    if start == 0 and limit == node.shape[axis]:
        return [value]
    if node.op == "slice1" and node.param("axis") == axis:
        offset = node.param("start")
        return [cut(table, node.operands[0], axis, offset + start, offset + limit)]
    if node.op == "view":
        (base,), axes = node.operands, node.param("axes")
        inner = axes[axis]
        if inner is not None:
            sliced = cut(table, base, inner, start, limit)
            return [views.view(table, sliced, call.types[0].shape, axes)]
        return [views.view(table, base, call.types[0].shape, axes)]
    if node.op == "concatenate" and node.param("dimension") == axis:
        offset = 0
        for piece in node.operands:
            size = table.shape(piece)[axis]
            if not isinstance(size, int):
                return None
            if offset <= start and limit <= offset + size:
                return [cut(table, piece, axis, start - offset, limit - offset)]
            offset += size
    return None


@rule("concat1", "concatenate")
def concatenation_of_one(table: Table, call: Call) -> Sequence[int] | None:
    """The concatenation of one array is that array.

    Sound: by definition.
    Near miss that must stay different: concatenate(x, x).
    """
    return call.operands if len(call.operands) == 1 else None


@rule("elemslice", "slice1")
def slice_of_elementwise(table: Table, call: Call) -> Sequence[int] | None:
    """slice(f(x, y)) = f(slice(x), slice(y)) for an elementwise f; operands that are constant along the axis stay.

    Sound: f acts on each element alone.
    Near miss that must stay different: slices of x and y from different places.
    """
    (value,) = call.operands
    node, axis = table.nodes[value], call.param("axis")
    if node.op not in ELEMENTWISE or not isinstance(node.shape[axis], int):
        return None
    inner = []
    for operand in node.operands:
        shape = table.shape(operand)
        if shape == () or shape[axis] == 1:
            inner.append(operand)
        elif shape[axis] == node.shape[axis]:
            inner.append(cut(table, operand, axis, call.param("start"), call.param("limit")))
        else:
            return None
    return table.apply(node.op, inner, node.params, call.types)
