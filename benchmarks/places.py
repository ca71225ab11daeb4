"""Whether the words of a verdict name what was changed: the layer or variable itself, or what holds the class it is in.

A judge of the benchmark, stricter than whether any place is named.
"""
from __future__ import annotations

import ast
import re
from collections.abc import Iterator

PATHS = re.compile(
    r"submodule (\S+) \(([^)]*)\)|after (?:submodule )?(\S+)|`(\w+)`|(\w+(?:/[\w()',]+)+)|variable (\S+)|\['([^']*)'\]"
    r"|in NNX it is (\S+)|its layer is (\S+)"
)


def named(text: str, changed: str, cls: str, line: int, model: str, reason: str) -> bool:
    """Whether a reason names what is at this place of the class: of what is done in the model itself, the output tells.

    Args:
        text, changed: the source before and after the change.
        cls, model: the class that was changed, and the one that is verified.
    """
    tree = ast.parse(text)
    wanted = {*_held_as(tree, cls), *_touched(tree, cls, line)}
    words = {word for match in PATHS.findall(reason) for path in match for word in re.split(r"[/()',:;]+", path)}
    method = _method(tree, cls, line)
    own = model in {cls, *_derived(tree, cls)} and method is not None and method.name != "__init__"
    instances = any(re.fullmatch(rf"{cls}_\d+", word) for word in words)
    by_output = own and re.match(r"(case .*: )?\w+ \w+ on \w+: ", reason) is not None
    return bool(wanted & words) or instances or by_output or _at_line(changed, cls, wanted, reason)


def _classes(tree: ast.Module) -> dict[str, ast.ClassDef]:
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def _held_as(tree: ast.Module, cls: str) -> set[str]:
    """The attributes that hold a class, or one that derives from it, or is held by one."""
    names = {cls, *_derived(tree, cls)}
    return {
        attribute for statement in _statements(tree) if names & {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)}
        for attribute in _attributes(statement)
    }  # fmt: skip


def _derived(tree: ast.Module, cls: str) -> set[str]:
    names = {cls}
    while more := {
        name for name, node in _classes(tree).items() if names & {ast.unparse(base) for base in node.bases}
    } - names:  # fmt: skip
        names |= more
    return names - {cls}


def _touched(tree: ast.Module, cls: str, line: int) -> set[str]:
    """The attributes of the innermost statement there, the loops that its names come from, and the parameter if it is one."""
    found: set[str] = set()
    node = _classes(tree).get(cls)
    method = _method(tree, cls, line)
    if node is None or method is None:
        return found
    inner = [s for s in _statements(node) if s.lineno <= line <= (s.end_lineno or 0)]
    statement = max(inner, key=lambda s: s.lineno) if inner else method
    if statement is method or line < method.body[0].lineno:
        names = {arg.arg for arg in (*method.args.args, *method.args.kwonlyargs)} - {"self"}
        users = (s for s in _statements(method) if names & {n.id for n in ast.walk(s) if isinstance(n, ast.Name)})
        return names.union(*map(_attributes, users))
    names = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)}
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) and not _attributes(statement.value.func):
        local = ast.unparse(statement.value.func).partition(".")[0]  # a list on its way to an attribute
        users = (s for s in _statements(method) if local in {n.id for n in ast.walk(s) if isinstance(n, ast.Name)})
        found = found.union(*map(_attributes, users))
    for loop in (n for n in ast.walk(method) if isinstance(n, (ast.For, ast.comprehension))):
        if names & {n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)}:
            found |= _attributes(loop.iter)
    return found | _attributes(statement)


def _at_line(changed: str, cls: str, wanted: set[str], reason: str) -> bool:
    """Whether a line is named that is in the class, or touches what holds it, in the changed file."""
    tree = ast.parse(changed)
    for line in map(int, re.findall(r"mutant\.py:(\d+)", reason)):
        around = next((name for name, node in _classes(tree).items() if node.lineno <= line <= (node.end_lineno or 0)), "")
        if around == cls or wanted & _touched(tree, around, line):
            return True
    return False


def _method(tree: ast.Module, cls: str, line: int) -> ast.FunctionDef | None:
    body = _classes(tree)[cls].body if cls in _classes(tree) else []
    return next((m for m in body if isinstance(m, ast.FunctionDef) and m.lineno <= line <= (m.end_lineno or 0)), None)


def _statements(node: ast.AST) -> Iterator[ast.stmt]:
    """Statements without those that hold others."""
    return (n for n in ast.walk(node) if isinstance(n, ast.stmt) and not hasattr(n, "body"))


def _attributes(node: ast.AST) -> set[str]:
    return {
        n.attr for n in ast.walk(node)
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == "self"
    }  # fmt: skip
