"""Whether a statement sets a variable in vain: each way through the function sets it again, or ends, before it is read.

Loops, `try`, `with` and `match` are not followed: there every variable counts as read, and so does one of inner functions.
"""
from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from flake8_nnx.source.names import Names

Loaded = Callable[[ast.AST], set[str]]
PLAIN = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.Return, ast.Assert, ast.Raise, ast.Pass)


def overwritten(statement: ast.stmt, name: str, names: Names, loaded: Loaded) -> bool:
    """Whether nothing reads what this gives a name.

    Args:
        statement: what sets it.
        name: a variable of the function that the statement is a part of.
        names: of the file.
        loaded: the names that are read below a node, but for what will be gone.
    """
    current: ast.AST = statement
    while True:
        above = names.parent(current)
        block = next((block for block in _blocks(above) if current in block), None) if above is not None else None
        if block is None:
            return False
        read, ends = _followed(block[block.index(current) + 1:], name, loaded)  # type: ignore[arg-type]
        if read:
            return False
        if ends or isinstance(above, ast.FunctionDef):
            function = names.enclosing(statement, ast.FunctionDef)
            return function is not None and not _read_inside(function, name, loaded)
        if not isinstance(above, ast.If):
            return False
        current = above


def _blocks(node: ast.AST) -> list[list[ast.stmt]]:
    return [getattr(node, field) for field in ("body", "orelse") if isinstance(getattr(node, field, None), list)]


def _followed(statements: Sequence[ast.stmt], name: str, loaded: Loaded) -> tuple[bool, bool]:
    """Whether these statements may read what the name has before them, and whether its value ends with them."""
    for statement in statements:
        if isinstance(statement, ast.If):
            branches = [_followed(block, name, loaded) for block in (statement.body, statement.orelse)]
            read = name in loaded(statement.test) or any(read for read, _ in branches)
            ends = all(ends for _, ends in branches)
        else:
            read = not isinstance(statement, PLAIN) and _mentions(statement, name) or name in loaded(statement)
            ends = isinstance(statement, (ast.Return, ast.Raise)) or _sets(statement, name)
        if read or ends:
            return read, ends
    return False, False


def _read_inside(function: ast.AST, name: str, loaded: Loaded) -> bool:
    """Whether an inner function reads the variable, whenever that may be."""
    stack = [*ast.iter_child_nodes(function)]
    while stack:
        node = stack.pop()
        if name not in loaded(node):
            continue
        if isinstance(node, (ast.Lambda, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            return True
        stack += ast.iter_child_nodes(node)
    return False


def _mentions(node: ast.AST, name: str) -> bool:
    return any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(node))


def _sets(statement: ast.stmt, name: str) -> bool:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    stored = (part for target in targets for part in ast.walk(target) if isinstance(part, ast.Name))
    return any(part.id == name and isinstance(part.ctx, ast.Store) for part in stored)
