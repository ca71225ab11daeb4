"""Rules for operations that act on each element alone."""
from __future__ import annotations

from collections.abc import Sequence

from flake8_nnx.verify.prove import views
from flake8_nnx.verify.prove.rules.registry import rule
from flake8_nnx.verify.prove.table import Call, Node, Table, Type

ELEMENTWISE = tuple(
    (
        "abs acos acosh add and asin asinh atan atan2 atanh bessel_i0e bessel_i1e cbrt ceil clamp clz complex conj "
        "convert_element_type cos cosh digamma div eq erf erf_inv erfc exp exp2 expm1 floor ge gt imag integer_pow "
        "is_finite le lgamma log log1p logistic lt max min mul ne neg nextafter not or polygamma population_count pow "
        "real reduce_precision rem round rsqrt select_n shift_left shift_right_arithmetic shift_right_logical sign sin "
        "sinh sqrt sub tan tanh xor"
    ).split()
)
"""Operations whose k-th result element depends on the k-th elements of the operands (scalars repeated) alone."""


@rule("add_any", "add_any")
def cotangent_sum(table: Table, call: Call) -> Sequence[int] | None:
    """add_any(x, y) = add(x, y): the sum that differentiation writes is the ordinary one.

    Sound: JAX lowers both to the same addition.
    Near miss that must stay different: add(x, x) and mul(x, x).
    """
    return table.apply("add", call.operands, (), call.types)


@rule("square", "square", "integer_pow")
def square_is_product(table: Table, call: Call) -> Sequence[int] | None:
    """square(x) = integer_pow(x, 2) = mul(x, x).

    Sound: all three round the exact product once (IEEE 754 multiplication); NaN and infinities agree.
    Near miss that must stay different: integer_pow(x, 3), and mul(x, y) for another value y.
    """
    if call.op == "integer_pow" and call.param("y") != 2:
        return None
    return table.apply("mul", call.operands * 2, (), call.types)


@rule("flip", "gt", "ge")
def turned_comparison(table: Table, call: Call) -> Sequence[int] | None:
    """x > y is y < x, and x >= y is y <= x.

    Sound: holds for all floats; with a NaN both sides are false.
    Near miss that must stay different: x > y and not (x <= y), which differ for NaN.
    """
    return table.apply({"gt": "lt", "ge": "le"}[call.op], call.operands[::-1], call.params, call.types)


@rule("wherebool", "ne")
def truth_of_a_bool(table: Table, call: Call) -> Sequence[int] | None:
    """ne(convert(p), 0) = p for a boolean p converted to any number type.

    Sound: false converts to exactly 0 and true to exactly 1 in every integer and floating type.
    Near miss that must stay different: ne(convert(x), 0) for an integer x, and eq(convert(p), 0).
    """
    for value, other in (call.operands, call.operands[::-1]):
        base, _ = views.parts(table, other)
        if _is_zero(table, base) and table.shape(value) in (call.types[0].shape, ()):
            node = table.nodes[value]
            if node.op == "view":  # a conversion seen through a view
                inner = table.nodes[node.operands[0]]
                if inner.op == "convert_element_type" and table.dtype(inner.operands[0]) == "bool":
                    if table.shape(inner.operands[0]) == inner.shape:
                        return [_fit(table, views.view(table, inner.operands[0], node.shape, node.param("axes")), call)]
            if node.op == "convert_element_type" and table.dtype(node.operands[0]) == "bool":
                if table.shape(node.operands[0]) == node.shape:
                    return [_fit(table, node.operands[0], call)]
    return None


def _fit(table: Table, value: int, call: Call) -> int:
    shape = call.types[0].shape
    return value if table.shape(value) == shape else views.broadcast_scalar(table, value, shape)


def _is_zero(table: Table, value: int) -> bool:
    return table.nodes[value].op == "const" and table.nodes[value].param("zero") is True


@rule("boolback", "convert_element_type")
def bool_and_back(table: Table, call: Call) -> Sequence[int] | None:
    """convert(convert(p), bool) = p for a boolean p converted to any number type.

    Sound: false converts to exactly 0 and true to exactly 1, and zero alone converts to false.
    Near miss that must stay different: the same for an integer, which loses its value.
    """
    node = table.nodes[call.operands[0]]
    if call.types[0].dtype != "bool" or node.op != "convert_element_type" or table.dtype(node.operands[0]) != "bool":
        return None
    return node.operands if table.shape(node.operands[0]) == call.types[0].shape else None


@rule("andtrue", "and")
def conjunction_with_true(table: Table, call: Call) -> Sequence[int] | None:
    """p and true = p for booleans.

    Sound: the truth table.
    Near miss that must stay different: p and false, and the bits of an integer.
    """
    shape = call.types[0].shape
    for value, other in (call.operands, call.operands[::-1]):
        base, _ = views.parts(table, other)
        node = table.nodes[base]
        if node.op == "const" and node.dtype == "bool" and node.shape == () and not node.param("zero"):
            axes = [None if size == 1 else k for k, size in enumerate(table.shape(value))] or [None] * len(shape)
            return [views.view(table, value, shape, axes)]
    return None


@rule("scalarb", *ELEMENTWISE)
def broadcast_operand(table: Table, call: Call) -> Sequence[int] | None:
    """An operand that is repeated along an axis can be given once there: f(x, broadcast(s)) = f(x, s).

    Sound: an elementwise operation reads equal elements either way; the result shape is part of the call.
    Near miss that must stay different: f(x, broadcast(s, along axis 0)) and f(x, broadcast(s, along axis 1)).
    """
    slim = tuple(_slim(table, value) for value in call.operands)
    return table.apply(call.op, slim, call.params, call.types) if slim != call.operands else None


def _slim(table: Table, value: int) -> int:
    if table.shape(value) == ():
        return value
    base, axes = views.parts(table, value)
    if all(axis is None for axis in axes):
        return views.view(table, base, (), ())
    own = table.shape(base)
    return views.view(table, base, tuple(1 if axis is None else own[axis] for axis in axes), axes)


@rule("assoc", "add", precision="reals")
def sum_in_order(table: Table, call: Call) -> Sequence[int] | None:
    """x + (y + z) = (x + y) + z, brought to one order.

    Sound over the reals: only rounding depends on the order.
    Near miss that must stay different: a sum that has a term twice, and (x - y) + z against x - (y + z).
    """
    (kind,), terms, nested = call.types, [], False
    stack = list(call.operands)
    while stack:
        node = table.nodes[value := stack.pop()]
        if node.op == "add" and node.type == kind:
            stack.extend(node.operands)
            nested = True
        else:
            terms.append(value)
    if not nested:
        return None
    first, *rest = sorted(terms)
    for term in rest:
        first = table.make(Node("add", (first, term), call.params, *kind))
    return [first]


COMMUTATIVE = "add mul and or xor eq ne".split()


@rule("comm", *COMMUTATIVE)
def commutative(table: Table, call: Call) -> Sequence[int] | None:
    """x + y = y + x, likewise mul, and, or, xor, eq and ne.

    Sound: IEEE 754 addition and multiplication are commutative.
    Near miss that must stay different: sub, div, and (x + y) + z against x + (y + z).
    """
    return _in_order(table, call)


@rule("maxcomm", "max", "min", precision="zeros")
def commutative_extremum(table: Table, call: Call) -> Sequence[int] | None:
    """max(x, y) = max(y, x), likewise min, up to the sign of a zero.

    Sound but for that sign: which zero max(-0, +0) gives is left to the device.
    Near miss that must stay different: max(x, y) and min(x, y).
    """
    return _in_order(table, call)


def _in_order(table: Table, call: Call) -> Sequence[int] | None:
    """Operands in the order of their numbers, the same for both programs."""
    x, y = call.operands
    return table.apply(call.op, (y, x), call.params, call.types) if x > y else None


@rule("elemview", *ELEMENTWISE)
def inside_a_view(table: Table, call: Call) -> Sequence[int] | None:
    """f(view(x), view(y)) = view(f(x, y)): axes of size 1 or repeated in all operands, and a permutation, move outside.

    Sound: an elementwise operation commutes with any renaming of indices that all its operands share.
    Near miss that must stay different: f(x, transpose(y)) and f(x, y).
    """
    shape = call.types[0].shape
    seen = [(value, *views.parts(table, value)) for value in call.operands if table.shape(value) != ()]
    if any(len(axes) != len(shape) for _, _, axes in seen):
        return None
    live = [k for k in range(len(shape)) if any(axes[k] is not None for _, _, axes in seen)]
    order = live
    whole = [(base, axes) for _, base, axes in seen if all(axes[k] is not None for k in live)]
    if whole:
        _, lead = min(whole, key=lambda pair: (pair[0], [-1 if axis is None else axis for axis in pair[1]]))
        order = sorted(live, key=lambda k: lead[k] or 0)
    if order == list(range(len(shape))):
        return None
    core = tuple(shape[k] for k in order)
    inner = []
    for value in call.operands:
        if table.shape(value) == ():
            inner.append(value)
            continue
        base, axes = views.parts(table, value)
        own = table.shape(base)
        picked = tuple(axes[k] for k in order)
        inner.append(views.view(table, base, tuple(1 if a is None else own[a] for a in picked), picked))
    made = table.apply1(call.op, inner, call.params, Type(core, call.types[0].dtype))
    return [views.view(table, made, shape, tuple(order.index(k) if k in order else None for k in range(len(shape))))]


@rule("elemreshape", *ELEMENTWISE)
def inside_a_reshape(table: Table, call: Call) -> Sequence[int] | None:
    """f(reshape(x), reshape(y)) = reshape(f(x, y)) when both are reshaped from one shape to one shape.

    Sound: both reshapes move element i (in row-major order) to place i, and f acts on each place alone.
    Near miss that must stay different: f(reshape(x), y) with a y that merely has the reshaped shape.
    """
    nodes = [table.nodes[value] for value in call.operands if table.shape(value) != ()]
    if not nodes or any(node.op != "reshape" or node.shape != call.types[0].shape for node in nodes):
        return None
    sources = {table.shape(node.operands[0]) for node in nodes}
    if len(sources) != 1:
        return None
    (source,) = sources
    inner = [v if table.shape(v) == () else table.nodes[v].operands[0] for v in call.operands]
    made = table.apply1(call.op, inner, call.params, Type(source, call.types[0].dtype))
    return [views.reshape(table, made, call.types[0].shape)]
