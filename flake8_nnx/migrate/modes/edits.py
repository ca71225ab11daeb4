"""The edits that turn flags into modes, in the new text of a file.

Parameters and arguments go, and code that asks for the mode reads an attribute that `train()` and `eval()` set.
"""
from __future__ import annotations

import ast
from collections.abc import Iterable

from flake8_nnx.migrate.docstrings import without_attributes
from flake8_nnx.migrate.edits import CodeEdits, Piece
from flake8_nnx.migrate.modes.flags import ATTRIBUTE, Flag, Modes
from flake8_nnx.migrate.modes.written import Written


def edits_of(modes: Modes, classes: Iterable[Written]) -> CodeEdits:
    """The edits of these classes, which stand in one file."""
    found = CodeEdits()
    for cls in classes:
        _calls(modes, cls, found)
        asked = False
        for flag in modes.of(cls):
            _without(flag.function, {flag.arg.arg}, cls, found)
            if flag.merge is not None:
                found.removed.add(flag.merge)
            for use in modes.others(flag):
                asked = True
                found.expressions.update([_asking(use, flag, cls)])
        fields = {flag.arg.arg for flag in modes.of(cls) if flag.merge is not None}
        if cls.init is not None and fields:
            _without(cls.init, fields, cls, found)
            texts = {f"self.{name} = {name}" for name in fields}
            stores = [s for s in cls.init.body if isinstance(s, ast.Assign) and ast.unparse(s) in texts]
            kept = [s for s in stores if asked and ast.unparse(s.value) == ATTRIBUTE]
            found.expressions.update((s.value, "False") for s in kept)
            found.removed |= {*stores} - {*kept}
            asked = asked and not kept
        if cls.init is not None and asked:
            body = [s for s in cls.init.body if not isinstance(s, ast.Expr)] or cls.init.body[-1:]
            found.before[body[0]] = [f"self.{ATTRIBUTE} = False"]
    return found


def _calls(modes: Modes, cls: Written, found: CodeEdits) -> None:
    """Calls without the flags that go; constants that constructors gave stand at the calls."""
    for name in cls.methods:
        for called in modes.calls[cls, name]:
            value = modes.goes(called)
            own = modes.flags.get((cls, name))
            if value is not None and own is not None and own.value_of(value) is not None:
                found.arguments[called.node] = _arguments(called.node, value)
    for call, (keyword, calls) in modes.moved(cls).items():
        if modes.flags and _below_a_mode(cls, modes):
            found.arguments[call] = _arguments(call, keyword.value)
            for each in calls:
                found.arguments[each] = [*_arguments(each, None), f"{keyword.arg}={ast.unparse(keyword.value)}"]


def _below_a_mode(cls: Written, modes: Modes) -> bool:
    """Whether modes reach the modules of a class."""
    above, seen = {flag.cls for flag in modes.flags.values()}, set[Written]()
    while above:
        each = above.pop()
        seen.add(each)
        above |= {part for part in (*each.parts(), *each.family)} - seen
    return cls in seen


def _arguments(call: ast.Call, without: ast.expr | None) -> list[Piece]:
    values = [*(a.value if isinstance(a, ast.Starred) else a for a in call.args), *(keyword.value for keyword in call.keywords)]
    return [value for value in values if value is not without]


def _without(function: ast.FunctionDef, names: set[str], cls: Written, found: CodeEdits) -> None:
    """The function without these parameters, which its docstring does not describe any more."""
    spec = function.args
    kept: list[Piece] = [arg.arg for arg in [*spec.posonlyargs, *spec.args] if arg.arg not in names]
    later = [arg.arg for arg in spec.kwonlyargs if arg.arg not in names]
    found.parameters[function] = [*kept, *(["*"] if later and spec.vararg is None else []), *later]
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        raw = ast.get_source_segment(cls.source, first.value) or ""
        new, said = without_attributes(raw, names, "Args:")
        if said and ast.literal_eval(new).strip():
            found.expressions[first.value] = new
        elif said and len(function.body) > 1:
            found.removed.add(first)


def _asking(use: ast.Name, flag: Flag, cls: Written) -> tuple[ast.expr, str]:
    """What asks for a flag, and the attribute that it asks for now."""
    above = cls.facts.names.parent(use)
    negated = isinstance(above, ast.UnaryOp) and isinstance(above.op, ast.Not)
    node = above if negated and isinstance(above, ast.UnaryOp) else use
    if (flag.training is False) is not negated:
        return node, f"self.{ATTRIBUTE}"
    text = f"not self.{ATTRIBUTE}"
    around = cls.facts.names.parent(node)
    plain = isinstance(around, (ast.If, ast.IfExp, ast.BoolOp, ast.keyword, ast.Return, ast.Assign, ast.While)) or (
        isinstance(around, ast.Call) and node is not around.func
    )
    return node, text if plain else f"({text})"
