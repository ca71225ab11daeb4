"""Views: every change of axes without change of data is one node, `view(base, axes)`.

Output axis k of a view is axis `axes[k]` of its base, or new (or of size 1, or repeated) where that is None.
"""
from __future__ import annotations

from collections.abc import Sequence

from flake8_nnx.verify.prove.table import Dim, Node, Shape, Table

Axes = tuple[int | None, ...]


def parts(table: Table, value: int) -> tuple[int, Axes]:
    """The base of a value and its axes in that base; a value that is no view is its own base.

    Axes of size 1 are always None: they carry no data.
    """
    node = table.nodes[value]
    if node.op == "view":
        return node.operands[0], node.param("axes")
    return value, tuple(None if dim == 1 else k for k, dim in enumerate(node.shape))


def view(table: Table, value: int, shape: Sequence[Dim], axes: Sequence[int | None]) -> int:
    """The value with these axes of it; views of views become one view, and a view that changes nothing is its base."""
    base, inner = parts(table, value)
    found = tuple(None if axis is None or shape[k] == 1 else inner[axis] for k, axis in enumerate(axes))
    own = table.shape(base)
    if tuple(shape) == own and all(found[k] == k or (dim == 1 and found[k] is None) for k, dim in enumerate(own)):
        return base
    return table.make(Node("view", (base,), (("axes", found),), tuple(shape), table.dtype(base)))


def broadcast_scalar(table: Table, value: int, shape: Sequence[Dim]) -> int:
    return view(table, value, shape, (None,) * len(shape))


def is_layout(table: Table, value: int) -> bool:
    """A view that only adds or drops axes of size 1: the same elements in the same order."""
    node = table.nodes[value]
    if node.op != "view":
        return False
    base = table.shape(node.operands[0])
    kept = [axis for axis in node.param("axes") if axis is not None]
    return kept == [k for k, dim in enumerate(base) if dim != 1] and all(
        axis is not None or dim == 1 for axis, dim in zip(node.param("axes"), node.shape)
    )


def long(shape: Sequence[Dim]) -> list[int]:
    """The axes whose size is not 1; a symbolic size counts as long, which holds for size 1 too."""
    return [k for k, dim in enumerate(shape) if dim != 1]


def reshape(table: Table, value: int, shape: Shape) -> int:
    """The same elements in row-major order in another shape.

    A reshape that only adds or drops axes of size 1 is a view. Any other is one `reshape` node, of the value before all
    reshapes to the new shape without its axes of size 1, seen through a view.
    """
    if shape == table.shape(value):
        return value
    old, new = long(table.shape(value)), long(shape)
    if [table.shape(value)[k] for k in old] == [shape[k] for k in new]:
        return _spread(table, value, shape, old)
    root = value
    while table.nodes[root].op == "reshape" or is_layout(table, root):
        root = table.nodes[root].operands[0]
    own = long(table.shape(root))
    core = tuple(shape[k] for k in new)
    if [table.shape(root)[k] for k in own] == list(core):
        return _spread(table, root, shape, own)
    made = table.make(Node("reshape", (root,), (), core, table.dtype(root)))
    return _spread(table, made, shape, list(range(len(core))))


def _spread(table: Table, value: int, shape: Shape, axes: Sequence[int]) -> int:
    """A view that puts these axes of the value, in order, at the long axes of the shape."""
    rest = iter(axes)
    return view(table, value, shape, tuple(None if dim == 1 else next(rest) for dim in shape))
