"""Control flow as values: a loop is a closed system of equations, a conditional a choice between values.

A loop carry is a leaf that stands for its sequence of values; the loop's results name the equations (first value,
next value) that define it. Carries with the same equations are one leaf, and a carry that never changes is its first
value.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flake8_nnx.verify.prove import params as parameters
from flake8_nnx.verify.prove import views
from flake8_nnx.verify.prove.interpret import Control, Interpreter, opened, type_of
from flake8_nnx.verify.prove.table import Node, Params, Table, Type

Step = Callable[[Sequence[int]], "list[int]"]


@dataclass(frozen=True)
class System:
    """The carries of a loop in their final form.

    Attributes:
        carries: what each carry slot is within one iteration: a leaf of this loop, or a value from outside.
        outputs: what the body gives, next carries first.
        equations: first and next value of every leaf.
    """

    level: int
    carries: tuple[int, ...]
    outputs: tuple[int, ...]
    equations: dict[int, tuple[int, int]]

    def closed(self, table: Table, op: str, params: Params, roots: Sequence[int], result: Type) -> int:
        """A result of the whole loop: the roots within an iteration, with the equations of every leaf they reach."""
        reached: dict[int, tuple[int, int]] = {}
        seen, stack = set(roots), list(roots)
        while stack:
            value = stack.pop()
            below = list(table.nodes[value].operands)
            if value in self.equations:
                reached[value] = self.equations[value]
                below.append(self.equations[value][1])
            for operand in below:
                if operand not in seen and table.varies(operand, self.level):
                    seen.add(operand)
                    stack.append(operand)
        flat = [number for leaf in sorted(reached) for number in (leaf, *reached[leaf])]
        about = (("roots", len(roots)), ("level", self.level), *params)
        return table.make(Node(op, (*roots, *flat), about, *result), closes=self.level)


def solve(interpreter: Interpreter, step: Step, first: Sequence[int], types: Sequence[Type]) -> System:
    """Finds which carries are equal and which never change.

    Sound by induction over the iterations. Equal carries: slots share a leaf only if their first values are the same
    value and, when the body is run with the shared leaves, so are their next values. Constant carries: a slot whose
    next value is itself keeps its first value. Near miss: two slots that start equal and go different ways get
    different leaves.
    """
    table, level = interpreter.table, interpreter.level - 1
    fixed: dict[int, int] = {}
    colours: list[tuple[int, ...]] = [(value,) for value in first]
    consumed = len(interpreter.consumed)
    while True:  # each turn splits a group of carries or fixes one, so this ends
        del interpreter.consumed[consumed:]
        carries = [
            fixed[k] if k in fixed else table.make(
                Node("carry", (), (("level", level), ("colour", colours[k])), *types[k]), opens=level
            )
            for k in range(len(first))
        ]  # fmt: skip
        outputs = step(carries)
        loose = [k for k in range(len(first)) if k not in fixed]
        groups: dict[int, set[int]] = {}
        for k in loose:
            groups.setdefault(carries[k], set()).add(outputs[k])
        if any(len(group) > 1 for group in groups.values()):
            colours = [(*colours[k], outputs[k]) for k in range(len(first))]
            continue
        still = [k for k in loose if outputs[k] == carries[k]]
        if not still:
            equations = {carries[k]: (first[k], outputs[k]) for k in loose}
            return System(level, tuple(carries), tuple(outputs), equations)
        fixed.update((k, first[k]) for k in still)
        colours = [(value,) for value in first]


def scan(interpreter: Interpreter, params: dict[str, Any], operands: list[int], types: list[Type]) -> list[int]:
    """scan: the body runs on element i of each stacked input; order and number of the carries do not matter."""
    table, body = interpreter.table, params["jaxpr"]
    n_consts, n_carry = _scan_counts(params)
    n_fixed = n_consts + n_carry
    consts, first, stacked = operands[:n_consts], operands[n_consts:n_fixed], operands[n_fixed:]
    inner = [type_of(variable.aval) for variable in opened(body)[0].invars]
    about: Params = (("length", parameters.dim(params["length"])), ("reverse", bool(params["reverse"])))
    level = interpreter.level
    interpreter.level += 1
    try:
        elements = [_element(table, value, kind, level, about) for value, kind in zip(stacked, inner[n_fixed:])]
        step = lambda carries: interpreter.run(body, [*consts, *carries, *elements])  # noqa: E731
        system = solve(interpreter, step, first, inner[n_consts:n_fixed])
    finally:
        interpreter.level -= 1
    results = []
    for k, kind in enumerate(types):
        value = system.outputs[k]
        if k < n_carry:
            results.append(
                system.closed(table, "scan_carry", about, [system.carries[k]], kind)
                if system.carries[k] in system.equations else first[k]
            )  # fmt: skip
        elif not table.varies(value, level):
            results.append(views.view(table, value, kind.shape, (None, *range(len(kind.shape) - 1))))
        else:
            node = table.nodes[value]
            whole = node.op == "element" and node.param("level") == level
            results.append(node.operands[0] if whole else system.closed(table, "scan_stack", about, [value], kind))
    return results


def _element(table: Table, value: int, kind: Type, level: int, about: Params) -> int:
    """Element i of a stacked value in iteration i; of a value repeated along that axis, the one element there is."""
    base, axes = views.parts(table, value)
    if axes[0] is None and table.nodes[value].op == "view":
        return views.view(table, base, kind.shape, axes[1:])
    return table.make(Node("element", (value,), (("level", level), *about), *kind), opens=level)


def _scan_counts(params: dict[str, Any]) -> tuple[int, int]:
    """Numbers of constants and carries: their own parameters up to JAX 0.11, part of a tree later."""
    if "num_carry" in params:
        return params["num_consts"], params["num_carry"]
    consts, carry, _ = params["ft_in"].unpack()
    return len(consts), len(carry)


def while_loop(interpreter: Interpreter, params: dict[str, Any], operands: list[int], types: list[Type]) -> list[int]:
    """while: as scan without stacked inputs; the condition belongs to every result."""
    table = interpreter.table
    n_cond, n_body = params["cond_nconsts"], params["body_nconsts"]
    cond_consts, body_consts, first = operands[:n_cond], operands[n_cond : n_cond + n_body], operands[n_cond + n_body :]
    interpreter.level += 1
    try:
        system = solve(
            interpreter, lambda carries: interpreter.run(params["body_jaxpr"], [*body_consts, *carries]), first, types
        )
        (condition,) = interpreter.run(params["cond_jaxpr"], [*cond_consts, *system.carries])
    finally:
        interpreter.level -= 1
    return [
        system.closed(table, "while", (), [carry, condition], kind) if carry in system.equations else start
        for carry, start, kind in zip(system.carries, first, types)
    ]


def cond(interpreter: Interpreter, params: dict[str, Any], operands: list[int], types: list[Type]) -> list[int]:
    """cond: results by branch, chosen by the index; a result that all branches share is that value.

    Sound: branches without effects may all be thought of as computed. Near miss: the same branches in another order.
    """
    table = interpreter.table
    branches = [interpreter.run(branch, operands[1:]) for branch in params["branches"]]
    return [
        values[0] if len(set(values)) == 1 else table.make(Node("cond", (operands[0], *values), (), *kind))
        for kind, *values in zip(types, *branches)
    ]


CONTROL: dict[str, Control] = {"scan": scan, "while": while_loop, "cond": cond}
