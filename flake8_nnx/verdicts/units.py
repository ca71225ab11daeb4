"""One file as a list of units: what each statement binds, reads and imports, and its text without comments and positions.

An import of several names is several units, so that a name added to an import changes nothing for the others.
"""
from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from flake8_nnx.source.literals import is_idle
from flake8_nnx.source.names import Names
from flake8_nnx.verdicts.text import digest

Import = (ast.Import, ast.ImportFrom)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# Where one of these is named, comments, docstrings and lines may matter: the file counts as it stands.
READS_SOURCE = ("__doc__", "getdoc", "getsource", "getcomments", "lineno", "currentframe", "traceback")
# What reaches names without naming them, and what changes things from inside an expression.
READS_ALL = frozenset({"eval", "exec", "globals", "vars", "modules"})
CHANGES = frozenset({"setattr", "delattr", "update", "setdefault", "append", "extend", "exec", "eval"})
COMPUTED_IMPORTS = frozenset({"import_module", "__import__", "exec_module", "run_path", "run_module"})


class Unit(NamedTuple):  # as `store.Stored`: quicker to define than a dataclass
    """A statement at the top level of a file, or one name of an import there."""

    node: ast.stmt
    position: int
    writes: frozenset[str]
    effect: bool  # it does something besides binding its names, so it belongs to every class of the file
    nodes: tuple[ast.AST, ...]  # the statement and everything below it

    @property
    def imports(self) -> bool:
        return isinstance(self.node, Import)


class Module:
    """A parsed file and its units, in source order."""

    def __init__(self, tree: ast.Module, text: str) -> None:
        self.tree = tree
        self._exact = digest(text) if any(word in text for word in READS_SOURCE) else None
        self._texts: dict[int, str] = {}  # by position
        self._words: dict[int, frozenset[str]] = {}
        self._reads: dict[int, frozenset[tuple[str, str | None]]] = {}

    @functools.cached_property
    def names(self) -> Names:
        return Names(self.tree)

    @functools.cached_property
    def units(self) -> list[Unit]:
        nodes = (node for statement in self.tree.body for node in _parts(statement))
        return [self._unit(node, position) for position, node in enumerate(nodes)]

    @functools.cached_property
    def writers(self) -> dict[str, list[Unit]]:
        """The units that bind or change a name, in source order."""
        found: dict[str, list[Unit]] = {}
        for unit in self.units:
            for name in unit.writes:
                found.setdefault(name, []).append(unit)
        return found

    def text(self, unit: Unit) -> str:
        """A digest of what the unit says; comments, positions and docstrings do not count."""
        if self._exact is not None:
            return self._exact
        if unit.position not in self._texts:
            out: list[str] = []
            _write(unit.node, out)
            self._texts[unit.position] = digest("".join(out))
        return self._texts[unit.position]

    def reads(self, unit: Unit) -> frozenset[tuple[str, str | None]]:
        """The names of this file that a unit uses, each with the attribute taken of it, None when it is used otherwise."""
        if unit.position not in self._reads:
            found = set()
            for node in unit.nodes:
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and self._is_global(node):
                    above = self.names.parent(node)
                    found.add((node.id, above.attr if isinstance(above, ast.Attribute) else None))
            self._reads[unit.position] = frozenset(found)
        return self._reads[unit.position]

    def words(self, unit: Unit) -> frozenset[str]:
        """Every name and attribute that a unit says."""
        if unit.position not in self._words:
            self._words[unit.position] = frozenset(named(unit.nodes))
        return self._words[unit.position]

    def _is_global(self, node: ast.Name) -> bool:
        scope = self.names.scope(node)
        if scope.is_class and not isinstance(node.ctx, ast.Load):
            return node.id in scope.globals
        while scope.parent is not None:
            if node.id in scope.bindings and not scope.is_class:  # a class body falls back to the names around it
                return False
            scope = scope.parent
        return True

    def _unit(self, node: ast.stmt, position: int) -> Unit:
        writes: set[str] = set()
        for inner in _shallow(node):
            if isinstance(inner, DEFINITIONS):
                writes.add(inner.name)
            elif isinstance(inner, Import):
                writes.update(alias.asname or alias.name.split(".")[0] for alias in inner.names)
        nodes = tuple(ast.walk(node))
        for inner in nodes:
            if isinstance(inner, ast.Global):
                writes.update(inner.names)
            elif isinstance(inner, (ast.Name, ast.Attribute, ast.Subscript)) and not isinstance(inner.ctx, ast.Load):
                root = _root(inner)
                if isinstance(root, ast.Name) and self._is_global(root):
                    writes.add(root.id)
        return Unit(node, position, frozenset(writes), _has_effect(node), nodes)


def named(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Every name and attribute among these nodes."""
    for inner in nodes:
        if isinstance(inner, ast.Name):
            yield inner.id
        elif isinstance(inner, ast.Attribute):
            yield inner.attr


def _parts(statement: ast.stmt) -> Iterator[ast.stmt]:
    """A statement as units; nothing for what never runs when the file is imported."""
    if isinstance(statement, ast.Import):
        yield from (ast.Import([alias]) for alias in statement.names)
    elif isinstance(statement, ast.ImportFrom):
        yield from (ast.ImportFrom(statement.module, [alias], statement.level) for alias in statement.names)
    elif isinstance(statement, ast.If) and _never(statement.test):
        for other in statement.orelse:
            yield from _parts(other)
    elif not is_idle(statement):
        yield statement


def _never(test: ast.expr) -> bool:
    """`TYPE_CHECKING` and `__name__ == "__main__"`."""
    text = ast.unparse(test)
    return text in ("TYPE_CHECKING", "typing.TYPE_CHECKING", "__name__ == '__main__'")


def _shallow(node: ast.AST) -> Iterator[ast.AST]:
    """The node and what is below it, but nothing inside functions and classes."""
    yield node
    if not isinstance(node, (*DEFINITIONS, ast.Lambda)):
        for child in ast.iter_child_nodes(node):
            yield from _shallow(child)


def _root(node: ast.AST) -> ast.AST:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node


def _has_effect(node: ast.stmt) -> bool:
    """Whether running a statement may change what other statements mean, other than by the names it binds."""
    if isinstance(node, ast.ImportFrom):
        return node.module == "__future__" or node.names[0].name == "*"
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Import)):
        return False
    if isinstance(node, ast.ClassDef):
        return any(isinstance(inner, ast.Expr) and not is_idle(inner) for inner in node.body)
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        inner = [part for target in targets for part in ast.walk(target)]
        unused = any(isinstance(part, ast.Name) and part.id == "_" for part in inner)  # called for what it does
        return unused or not all(isinstance(part, PLAIN) for part in inner) or _changes(node.value)
    if isinstance(node, (ast.If, ast.Try, ast.With)):
        below = [inner for inner in ast.iter_child_nodes(node) if isinstance(inner, (ast.stmt, ast.ExceptHandler))]
        inside = [s for inner in below for s in (inner.body if isinstance(inner, ast.ExceptHandler) else [inner])]
        return any(_has_effect(inner) for inner in inside if not is_idle(inner))
    return not isinstance(node, ast.Pass)


def _changes(value: ast.expr | None) -> bool:
    """Whether an expression calls something that is known to change things."""
    calls = [node.func for node in ast.walk(value) if isinstance(node, ast.Call)] if value is not None else []
    return any(not CHANGES.isdisjoint(named(ast.walk(function))) for function in calls)


PLAIN = (ast.Name, ast.Tuple, ast.List, ast.Starred, ast.expr_context)


def _write(value: object, out: list[str]) -> None:
    """A tree as text without positions, docstrings and fields that are empty, alike in every version of Python."""
    if isinstance(value, ast.Constant):
        constant = value.value
        out.append(f"<{type(constant).__name__} {hex(constant) if type(constant) is int else constant!r}>")
    elif isinstance(value, ast.AST):
        out.append(f"{type(value).__name__}(")
        for name in value._fields:
            field = getattr(value, name, None)
            if field is not None and field != [] and name not in ("ctx", "type_comment"):
                out.append(f" {name}=")
                _write(field, out)
        out.append(")")
    elif isinstance(value, list):
        out.append("[")
        for item in value:
            if not is_idle(item):
                _write(item, out)
                out.append(",")
        out.append("]")
    else:
        out.append(repr(value))
