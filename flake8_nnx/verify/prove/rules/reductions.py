"""Rules for reductions: sums, products, extrema."""
from __future__ import annotations

from collections.abc import Sequence

from flake8_nnx.verify.prove import views
from flake8_nnx.verify.prove.rules.registry import rule
from flake8_nnx.verify.prove.rules.slices import cut
from flake8_nnx.verify.prove.table import Call, Table, Type

REDUCTIONS = "reduce_sum reduce_max reduce_min reduce_prod reduce_and reduce_or".split()


def _axes(call: Call) -> tuple[int, ...]:
    return tuple(sorted(call.param("axes")[1:]))


@rule("unitaxes", *REDUCTIONS)
def axes_of_size_one(table: Table, call: Call) -> Sequence[int] | None:
    """A reduction does not see axes of size 1: reduce(x[:, None], axes + 1) = reduce(x, axes)[None].

    Sound: the same elements are reduced in the same order.
    Near miss that must stay different: a reduction over another axis of the same size.
    """
    (value,) = call.operands
    shape, axes = table.shape(value), _axes(call)
    kept = views.long(shape)
    inner = tuple(kept.index(k) for k in axes if shape[k] != 1)
    if not inner or len(kept) == len(shape):
        return None
    core = views.reshape(table, value, tuple(shape[k] for k in kept))
    rest = tuple(shape[k] for k in kept if k not in axes)
    params = tuple((k, ("tuple", *inner) if k == "axes" else v) for k, v in call.params)
    made = table.apply1(call.op, (core,), params, Type(rest, call.types[0].dtype))
    return [views.reshape(table, made, call.types[0].shape)]


@rule("redview", *REDUCTIONS, precision="reals")
def reduction_of_a_view(table: Table, call: Call) -> Sequence[int] | None:
    """A reduction of axes that come in another order is the reduction of those axes: sum(x.T, 1) = sum(x, 0).

    Sound over the reals: the same elements are reduced, but the device may choose another order for another layout.
    Near miss that must stay different: the other axis of a square array, and an axis that the view repeats.
    """
    (value,) = call.operands
    base, axes = views.parts(table, value)
    order = sorted(axis for axis in axes if axis is not None)
    reduced = sorted(axis for k in _axes(call) if (axis := axes[k]) is not None)
    if len(reduced) < len(_axes(call)) or list(axes) == order:
        return None
    core = views.view(table, base, [table.shape(base)[axis] for axis in order], order)
    rest = [axis for axis in order if axis not in reduced]
    params = tuple((k, ("tuple", *map(order.index, reduced)) if k == "axes" else v) for k, v in call.params)
    made = table.apply1(call.op, (core,), params, Type(tuple(table.shape(base)[axis] for axis in rest), call.types[0].dtype))
    kept = [axis for k, axis in enumerate(axes) if k not in _axes(call)]
    return [views.view(table, made, call.types[0].shape, [None if axis is None else rest.index(axis) for axis in kept])]


def _nothing_reduced(table: Table, call: Call) -> Sequence[int] | None:
    (value,) = call.operands
    if any(table.shape(value)[k] != 1 for k in _axes(call)) or table.dtype(value) != call.types[0].dtype:
        return None
    return [views.reshape(table, value, call.types[0].shape)]


@rule("unitext", *(op for op in REDUCTIONS if op != "reduce_sum"))
def extremum_of_one(table: Table, call: Call) -> Sequence[int] | None:
    """The maximum, minimum, product, conjunction or disjunction of one element is that element.

    Sound: each starts from its neutral element.
    Near miss that must stay different: the same over an axis of size 2.
    """
    return _nothing_reduced(table, call)


@rule("unitred", "reduce_sum", precision="zeros")
def sum_of_one(table: Table, call: Call) -> Sequence[int] | None:
    """The sum of one element is that element, up to the sign of a zero.

    Sound but for that sign: a sum starts from +0, and +0 + -0 is +0.
    Near miss that must stay different: the same over an axis of size 2, or of symbolic size.
    """
    return _nothing_reduced(table, call)


@rule("redslice", "slice1", precision="reals")
def slice_of_reduction(table: Table, call: Call) -> Sequence[int] | None:
    """A slice of a reduction along an axis that is kept is the reduction of that slice.

    Sound over the reals: each output element reduces the same elements, but the device may choose another order for
    another shape.
    Near miss that must stay different: a slice along a reduced axis, which drops terms.
    """
    (value,) = call.operands
    node = table.nodes[value]
    if node.op not in REDUCTIONS:
        return None
    reduced = node.param("axes")[1:]
    axis = [k for k in range(len(table.shape(node.operands[0]))) if k not in reduced][call.param("axis")]
    inner = cut(table, node.operands[0], axis, call.param("start"), call.param("limit"))
    return table.apply(node.op, (inner,), node.params, call.types)
