"""The extra axis of inputs and outputs under `nn.vmap` and `nn.scan`, seen from inside and from outside of the class."""
from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flake8_nnx.catalog.transforms import TRANSFORMS
from flake8_nnx.source.linen import LINEN, Facts
from flake8_nnx.source.literals import is_none
from flake8_nnx.source.sizes import Size
from flake8_nnx.source.values import Array, Items, Unknown, elements

BROADCAST = (f"{LINEN}broadcast", "flax.core.broadcast", "flax.core.lift.broadcast")


@dataclass(frozen=True)
class Axes:
    """Axes of the inputs (one for all, or one for each) and of the output; None is no extra axis.

    problem: why they cannot be read.
    """

    inputs: int | tuple[int | None, ...] | None
    output: int | None
    scan: bool
    problem: str = ""

    def of_inputs(self, count: int) -> list[int | None]:
        """The axes of `count` inputs, without the carry of a scan."""
        if isinstance(self.inputs, tuple):
            return [*self.inputs, *[None] * count][:count]
        return [self.inputs] * count


def options(call: ast.Call, name: str) -> dict[str, ast.expr]:
    """The options of a transform by their names."""
    names = TRANSFORMS[name].args
    return {**dict(zip(names, call.args)), **{k.arg: k.value for k in call.keywords if k.arg}}


def axes_of(call: ast.Call, facts: Facts) -> Axes | None:
    """The axes of `nn.vmap(…)` or `nn.scan(…)`, None for any other call."""
    name = (facts.origin(call.func) or "").removeprefix(LINEN)
    return read_axes(options(call, name), name == "scan", facts) if name in ("vmap", "scan") else None


def read_axes(given: dict[str, ast.expr], scan: bool, facts: Facts) -> Axes:
    """The axes that the options of a transform write."""
    try:
        node = given.get("in_axes")
        each = isinstance(node, (ast.Tuple, ast.List))
        inputs = tuple(_axis(element, facts) for element in node.elts) if each else _axis(node, facts)  # type: ignore[union-attr]
        return Axes(inputs, _axis(given.get("out_axes"), facts), scan)
    except ValueError:
        return Axes(None, None, scan, "axes that are no literal numbers are not handled")


def _axis(node: ast.expr | None, facts: Facts) -> int | None:
    if node is None:
        return 0
    if facts.origin(node) in BROADCAST:
        return None
    value = ast.literal_eval(node)
    if value is not None and not isinstance(value, int):
        raise ValueError(value)
    return value


def into(lifts: Sequence[ast.Call], positional: list[Any], facts: Facts) -> list[Any]:
    """What the method itself sees of the inputs of its lifted class; the innermost transform comes first."""
    for call in reversed(lifts):
        axes = axes_of(call, facts)
        if axes is not None:
            carry = positional[:1] if axes.scan else []
            rest = positional[len(carry):]
            positional = [*carry, *(without_axis(value, axis) for value, axis in zip(rest, axes.of_inputs(len(rest))))]
    return positional


def out_of(lifts: Sequence[ast.Call], output: Any, facts: Facts) -> Any:
    """What comes out of the lifted class where its method returns `output`."""
    for call in lifts:
        axes = axes_of(call, facts)
        if axes is not None and axes.scan:
            items = elements(output)
            pair = items is not None and len(items) == 2
            output = Items((items[0], with_axis(items[1], axes.output))) if pair else Unknown()  # type: ignore[index]
        elif axes is not None:
            output = with_axis(output, axes.output)
    return output


def count(lifts: Sequence[ast.Call], positional: list[Any], facts: Facts) -> Size:
    """How often the class is mapped, by the size of its inputs."""
    axes = axes_of(lifts[-1], facts) if lifts else None
    given = options(lifts[-1], "vmap") if lifts else {}
    if axes is None or axes.scan or "axis_size" in given or _shares_all(given.get("variable_axes")):
        return None
    for value, axis in zip(positional, axes.of_inputs(len(positional))):
        if axis is not None and isinstance(value, Array):
            return value.at(axis)
    return None


def _shares_all(variable_axes: ast.expr | None) -> bool:
    """Whether `{"params": None}` leaves one set of variables for all."""
    values = variable_axes.values if isinstance(variable_axes, ast.Dict) else [variable_axes]
    return all(map(is_none, values))


def without_axis(value: Any, axis: int | None) -> Any:
    """An input without its axis of copies."""
    if axis is None:
        return value
    if not isinstance(value, Array):
        items = elements(value)
        return Unknown() if items is None else Items(tuple(without_axis(item, axis) for item in items))
    rank = None if value.rank is None else value.rank - 1
    if axis == 0:
        return Array(value.base, {k: size for k, size in value.axes.items() if k != value.rank}, rank)
    if axis > 0 and value.rank is None:
        return Array()
    place = -axis if axis < 0 else value.rank - axis  # type: ignore[operator]
    known = range(1, (value.rank or place + 2) + 1)
    return Array(None, {k - (k > place): value.size(k) for k in known if k != place}, rank)


def with_axis(value: Any, axis: int | None) -> Any:
    """An output with an axis of copies."""
    if axis is None:
        return value
    if not isinstance(value, Array):
        items = elements(value)
        return Unknown() if items is None else Items(tuple(with_axis(item, axis) for item in items))
    rank = None if value.rank is None else value.rank + 1
    if axis >= 0 and value.rank is None:
        return Array(value.base, value.axes) if axis == 0 else Array()
    place = -axis if axis < 0 else rank - axis  # type: ignore[operator]
    known = range(1, (value.rank or place + 1) + 1)
    return Array(None, {**{k + (k >= place): value.size(k) for k in known}, place: None}, rank)
