"""Expressions carried from one function to another along the calls between them, such as a key or a size.

A parameter becomes the argument that the call gives it; what is not known where it is to go has no text there.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.migrate.roles import Frame, Site
from flake8_nnx.source.names import FUNCTIONS, Binding, Scope
from flake8_nnx.source.text import SourceText

Path = list[Site]  # the calls that lead from the function where a text is wanted to the one where it stands
MAX_DEPTH = 12


def scope_of(frame: Frame) -> Scope:
    names = frame.file.facts.names
    return names.scope_of_node.get(id(frame.node), names.module)


def home_of(name: ast.Name, frame: Frame) -> tuple[Frame | None, list[Binding]]:
    """The function that binds a name, this or one around it, and how; None for names that nothing binds."""
    at: Frame | None = frame
    while at is not None:
        bindings = scope_of(at).bindings.get(name.id)
        if bindings:
            return at, bindings
        at = at.parent
    return None, []


def local_value(name: ast.Name, frame: Frame) -> Iterator[tuple[ast.expr, Frame]]:
    """The expressions that a name of a function is assigned, or unpacked from, the last first."""
    home, bindings = home_of(name, frame)
    if home is None or not isinstance(home.node, FUNCTIONS):
        return
    for binding in reversed(bindings):
        if binding.kind in ("assign", "unpack") and binding.value is not None and not mentions(binding.value, name.id):
            yield binding.value, home


def mentions(node: ast.AST, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node))


def reachable(node: ast.expr, frame: Frame, path: Path) -> tuple[ast.expr, Frame, Path]:
    """The expression behind names: the argument that a parameter is given, the value that a name is assigned once."""
    for _ in range(MAX_DEPTH):
        if not isinstance(node, ast.Name):
            break
        home, bindings = home_of(node, frame)
        if home is None or len(bindings) != 1:
            break
        binding = bindings[0]
        if binding.kind == "param" and path and home is path[-1].callee.frame and node.id in path[-1].arguments:
            node, frame, path = path[-1].arguments[node.id], path[-1].frame, path[:-1]
        elif binding.kind == "assign" and binding.value is not None:
            node, frame = binding.value, home
        else:
            break
    return node, frame, path


def carried(
    node: ast.expr, frame: Frame, path: Path, target: Frame, place: ast.AST | None, depth: int = 0, written: str | None = None
) -> str | None:
    """The text of an expression in another function, before a place in it; None where something of it is not known there.

    An expression that does not stand in the file of its function comes with the text that it was parsed from.
    """
    if depth > MAX_DEPTH:
        return None
    swaps: dict[int, str] = {}
    for name in ast.walk(node):
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load):
            text = carried_name(name, frame, path, target, place, depth)
            if text is None:
                return None
            if text != name.id:
                swaps[id(name)] = text
    return SourceText(frame.file.source if written is None else written).segment(node, swaps)


def carried_name(name: ast.Name, frame: Frame, path: Path, target: Frame, place: ast.AST | None, depth: int) -> str | None:
    home, bindings = home_of(name, frame)
    if home is None:
        return name.id  # a builtin
    if isinstance(home.node, ast.Module):
        return name.id if home.file is target.file else None
    if target.inside(home) and (place is None or known_before(bindings, place)):
        return name.id
    if all(binding.kind == "param" for binding in bindings):
        if path and home is path[-1].callee.frame and name.id in path[-1].arguments:
            site = path[-1]
            text = carried(site.arguments[name.id], site.frame, path[:-1], target, place, depth + 1)
            return wrapped(site.arguments[name.id], text)
        return default_of(name.id, home) if path and home is path[-1].callee.frame else None
    if len(bindings) == 1 and bindings[0].kind == "assign" and bindings[0].value is not None:
        text = carried(bindings[0].value, home, path, target, place, depth + 1)
        return wrapped(bindings[0].value, text)
    return None


def default_of(name: str, frame: Frame) -> str | None:
    """The default of a parameter that no call gives a value, where it is a constant."""
    arguments = getattr(frame.node, "args", None)
    if not isinstance(arguments, ast.arguments):
        return None
    places = [*arguments.posonlyargs, *arguments.args]
    values: dict[str, ast.expr | None] = dict(zip([p.arg for p in reversed(places)], reversed(arguments.defaults)))
    values.update(zip([p.arg for p in arguments.kwonlyargs], arguments.kw_defaults))
    found = values.get(name)
    return ast.unparse(found) if isinstance(found, ast.Constant) else None


def known_before(bindings: list[Binding], place: ast.AST) -> bool:
    """Whether a name has a value at a place, by the order of the lines."""
    return any(binding.kind == "param" or binding.line < place.lineno for binding in bindings)  # type: ignore[attr-defined]


def wrapped(node: ast.expr, text: str | None) -> str | None:
    """In parentheses where it stands for a name and is more than one."""
    simple = isinstance(node, (ast.Name, ast.Attribute, ast.Constant, ast.Call, ast.Subscript, ast.Tuple, ast.List, ast.Dict))
    return text if text is None or simple else f"({text})"
