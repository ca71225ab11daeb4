"""Classes under `nn.vmap` and `nn.scan` in their functional NNX forms.

Copies with variables of their own are made under `nnx.vmap`, one for each of as many streams; `nnx.vmap` and `nnx.scan` run them.
"""
from __future__ import annotations

import ast

from flake8_nnx.migrate.lifted import PASSED, Lift

WIDTH = 88
PLAIN = (ast.Name, ast.Constant, ast.Attribute, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.unaryop, ast.boolop, ast.cmpop)


def copies(code: str, size: str) -> str:
    """`code` makes one copy with the streams `rngs`; this makes `size` of them."""
    return f"nnx.vmap(lambda rngs: {code})(rngs.split({size}))"


def vmap_call(base: str, node: ast.Call, lift: Lift) -> str:
    """What stands for the module in a call of its copies; the module itself comes before the arguments."""
    assert lift.axes is not None
    axes = ["None" if lift.shared else "0", *map(str, lift.axes.of_inputs(len(node.args)))]
    out = lift.axes.output
    options = "" if out == 0 else f", out_axes={out}"
    options += f", axis_name={lift.given['axis_name']}" if "axis_name" in lift.given else ""
    return f"nnx.vmap({base}.__call__, in_axes=({', '.join(axes)}){options})"


def broadcast(node: ast.Call, lift: Lift) -> set[int]:
    """Arguments that every turn of a scan gets alike."""
    assert lift.axes is not None
    return {i for i, axis in enumerate(lift.axes.of_inputs(len(node.args) - 1), 1) if axis is None}


def scan_problem(node: ast.Call, lift: Lift) -> str:
    """Why the turns cannot be written as a function."""
    for i in broadcast(node, lift):
        if not all(isinstance(part, (*PLAIN, ast.expr_context)) for part in ast.walk(node.args[i])):
            return f"`{ast.unparse(node.args[i])[:60]}` is too much for a turn of nn.scan: give it a name first"
    return ""


def scan_call(module: str, node: ast.Call, lift: Lift, statement: ast.stmt, remat: Lift | None = None) -> str:
    """What stands for the module in a scan over its copies: a function of the module, the carry and what is scanned over.

    What every turn gets alike is closed over, so that flags stay what they are; the function may be rematerialised.
    """
    assert lift.axes is not None
    alike = broadcast(node, lift)
    axes = ["None" if lift.shared else "0", "nnx.Carry"]
    axes += [str(axis) for axis in lift.axes.of_inputs(len(node.args) - 1) if axis is not None]
    closed = {n.id for i in alike for n in ast.walk(node.args[i]) if isinstance(n, ast.Name)}
    names: list[str] = []
    inside: list[str] = []
    for i, argument in enumerate(node.args):
        if i in alike:
            inside.append(ast.unparse(argument))
            continue
        name = argument.id if isinstance(argument, ast.Name) else "carry" if i == 0 else "inputs"
        while name in closed or name in names or name == module:
            name += "_"
        names.append(name)
        inside.append(name)
    while module in closed:
        module += "_"
    options = [key for key in PASSED["scan"] if key in lift.given and (lift.shared or key != "length")]
    keywords = [f"{key}={lift.given[key]}" for key in options]
    turn = f"lambda {', '.join([module, *names])}: {module}({', '.join(inside)})"
    if remat is not None:
        checkpointed = [f"{key}={text}" for key, text in remat.given.items() if key != "static_argnums"]
        turn = fitted("nnx.remat", [turn, *checkpointed], WIDTH - statement.col_offset - 5, WIDTH).replace("\n", "\n    ")
    parts = [turn, f"in_axes=({', '.join(axes)})"]
    parts += [f"out_axes=(nnx.Carry, {lift.axes.output})", *keywords]
    start = node.col_offset if node.lineno == statement.lineno else statement.col_offset + 4
    return fitted("nnx.scan", parts, WIDTH - start - len(module) - 10 - len(", ".join(names)), statement.col_offset)


def fitted(function: str, parts: list[str], room: int, margin: int) -> str:
    """The call on one line where that has room, else with its arguments on lines of their own."""
    text = ", ".join(parts)
    if len(function) + len(text) + 2 <= room:
        return f"{function}({text})"
    inner = text if margin + 4 + len(text) <= WIDTH else ",\n    ".join(parts) + ","
    return f"{function}(\n    {inner}\n)"


def decorator(name: str, given: dict[str, str], axes: list[str], out: str) -> str:
    """The decorator of a method that runs in turns over variables that all turns share."""
    options = [f"{key}={given[key]}" for key in PASSED[name] if key in given and key != "axis_size"]
    inputs = ", ".join(axes)
    return f"nnx.{name}({', '.join([f'in_axes=({inputs})', f'out_axes={out}', *options])})"
