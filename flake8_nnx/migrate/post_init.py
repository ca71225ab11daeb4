"""`__post_init__` of a Linen module: checks of its fields, which the NNX constructor makes of its parameters."""
from __future__ import annotations

import ast

from flake8_nnx.source.inittext import of_super, root_is_self
from flake8_nnx.source.linen import LinenClass


def statements(cls: LinenClass) -> list[ast.stmt]:
    """What its own `__post_init__` does besides calling that of its base."""
    method = cls.methods.get("__post_init__")
    return [each for each in method.body if not _said(each)] if method is not None else []


def _said(statement: ast.stmt) -> bool:
    """Docstrings, `pass` and `super().__post_init__()`."""
    value = statement.value if isinstance(statement, ast.Expr) else None
    above = isinstance(value, ast.Call) and of_super(value.func)
    return above or isinstance(statement, ast.Pass) or isinstance(value, ast.Constant)


def problem(cls: LinenClass) -> ast.stmt | None:
    """A statement that is no check of fields."""
    fields = cls.facts.fields_of(cls)
    return next((statement for statement in statements(cls) if not _is_check(statement, set(fields), cls)), None)


def _is_check(statement: ast.stmt, fields: set[str], cls: LinenClass) -> bool:
    if not _plain(statement, fields, cls):
        return False
    if isinstance(statement, ast.If):
        return all(_is_check(each, fields, cls) for each in [*statement.body, *statement.orelse])
    value = statement.value if isinstance(statement, ast.Expr) else None
    call = isinstance(value, ast.Call) and isinstance(value.func, ast.Name)
    return call or isinstance(statement, (ast.Raise, ast.Assert))


def _plain(statement: ast.stmt, fields: set[str], cls: LinenClass) -> bool:
    """Whether a statement reads fields and what the file knows, no more."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and node.id in ("self", "super"):
            above = cls.facts.names.parent(node)
            if not (isinstance(above, ast.Attribute) and isinstance(above.ctx, ast.Load) and above.attr in fields):
                return False
        elif isinstance(node, (ast.Name, ast.NamedExpr)) and not isinstance(getattr(node, "ctx", None), ast.Load):
            return False
        elif isinstance(node, (ast.Name, ast.Attribute)) and (cls.facts.origin(node) or "").startswith("flax.linen"):
            return False
    return True


def texts(cls: LinenClass) -> list[str]:
    """The checks, where the fields are parameters."""
    found = []
    for statement in statements(cls):
        swaps = {id(node): node.attr for node in ast.walk(statement) if isinstance(node, ast.Attribute) and root_is_self(node)}
        whole = isinstance(statement, ast.If)
        found.append(cls.facts.text.unparsed(statement, swaps) if whole else cls.facts.text.segment(statement, swaps))
    return found
