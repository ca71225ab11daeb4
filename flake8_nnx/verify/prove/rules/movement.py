"""Rules for operations that move data or do nothing to it."""
from __future__ import annotations

from collections.abc import Sequence

from flake8_nnx.verify.prove import views
from flake8_nnx.verify.prove.rules.registry import rule
from flake8_nnx.verify.prove.table import Call, Table

IDENTITIES = (
    "copy copy_p name stop_gradient optimization_barrier sharding_constraint mesh_cast reshard layout_constraint pvary "
    "random_clone"
).split()


@rule("copy", *IDENTITIES)
def identity(table: Table, call: Call) -> Sequence[int] | None:
    """copy(x) = optimization_barrier(x) = sharding_constraint(x) = stop_gradient(x) = x, result by result.

    Sound: these steer compilation, placement or differentiation, which is over; each element is passed on untouched.
    Near miss that must stay different: reduce_precision(x), and a convert_element_type to another dtype.
    """
    return call.operands if len(call.operands) == len(call.types) else None


@rule("cast", "convert_element_type")
def same_dtype(table: Table, call: Call) -> Sequence[int] | None:
    """convert_element_type(x, dtype of x) = x.

    Sound: converting to its own dtype keeps every bit; weak types guide promotion only.
    Near miss that must stay different: float32 to bfloat16 and back.
    """
    return call.operands if table.dtype(call.operands[0]) == call.types[0].dtype else None


@rule("view", "transpose", "broadcast_in_dim")
def axes_only(table: Table, call: Call) -> Sequence[int] | None:
    """transpose and broadcast_in_dim are views: output axis k is axis m(k) of the base, or new, repeated or of size 1.

    Sound: both are defined by such an index map, and index maps compose.
    Near miss that must stay different: transposes of a square array by different permutations.
    """
    if len(call.operands) != 1:
        return None
    value, shape = call.operands[0], call.types[0].shape
    if call.op == "transpose":
        return [views.view(table, value, shape, call.param("permutation")[1:])]
    axes: list[int | None] = [None] * len(shape)
    for source, target in enumerate(call.param("broadcast_dimensions")[1:]):
        if table.shape(value)[source] != 1:
            axes[target] = source
    return [views.view(table, value, shape, axes)]


@rule("reshape", "reshape", "squeeze", "expand_dims")
def reshape(table: Table, call: Call) -> Sequence[int] | None:
    """reshape(reshape(x, a), b) = reshape(x, b); a reshape that only adds or drops axes of size 1 is a view.

    Sound: reshapes keep the row-major order of the elements, and so does adding or dropping axes of size 1.
    Near miss that must stay different: reshape(transpose(x)).
    """
    if len(call.operands) != 1 or call.param("dimensions") is not None and call.op == "reshape":
        return None
    return [views.reshape(table, call.operands[0], call.types[0].shape)]
