"""`__post_init__` of a Linen module: it checks fields and fills them in, as the NNX constructor does with its parameters.

Linen runs it again for each copy of a module: what is filled in may not depend on what was filled in before.
"""
from __future__ import annotations

import ast

from flake8_nnx.source.held import only_shares
from flake8_nnx.source.inittext import of_super, root_is_self
from flake8_nnx.source.linen import LinenClass
from flake8_nnx.source.methods import filled_by, filled_fields


def statements(cls: LinenClass) -> list[ast.stmt]:
    """What its own `__post_init__` does besides calling that of its base and sharing scopes, which the variable map says."""
    method = cls.methods.get("__post_init__")
    return [each for each in method.body if not _said(each) and not only_shares(each, cls)] if method is not None else []


def _said(statement: ast.stmt) -> bool:
    """Docstrings, `pass` and `super().__post_init__()`."""
    value = statement.value if isinstance(statement, ast.Expr) else None
    above = isinstance(value, ast.Call) and of_super(value.func)
    return above or isinstance(statement, ast.Pass) or isinstance(value, ast.Constant)


def problem(cls: LinenClass) -> ast.stmt | None:
    """A statement that neither checks fields nor fills them in."""
    fields = cls.facts.fields_of(cls)
    return next((statement for statement in statements(cls) if not _is_check(statement, set(fields), cls)), None)


def _is_check(statement: ast.stmt, fields: set[str], cls: LinenClass) -> bool:
    filled = filled_fields(cls)
    if isinstance(statement, ast.If):
        absent = {f"self.{name} is None" for name in filled}
        own = ast.unparse(statement.test) if not statement.orelse else ""
        if own in absent and all(filled_by(each) == {own[5:-8]} for each in statement.body):
            return all(_plain(each.value, fields - filled, cls) for each in statement.body)  # type: ignore[attr-defined]
        inner = [*statement.body, *statement.orelse]
        return _plain(statement.test, fields - filled, cls) and all(_is_check(each, fields, cls) for each in inner)
    if filled_by(statement):
        return _plain(statement.value, fields - filled, cls)  # type: ignore[attr-defined]
    if not _plain(statement, fields - filled, cls):
        return False
    value = statement.value if isinstance(statement, ast.Expr) else None
    call = isinstance(value, ast.Call) and isinstance(value.func, ast.Name)
    return call or isinstance(statement, (ast.Raise, ast.Assert))


def _plain(statement: ast.AST, fields: set[str], cls: LinenClass) -> bool:
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
    """The same of the parameters."""
    found = []
    for statement in statements(cls):
        swaps = {id(node): node.attr for node in ast.walk(statement) if isinstance(node, ast.Attribute) and root_is_self(node)}
        whole = isinstance(statement, ast.If)
        found.append(cls.facts.text.unparsed(statement, swaps) if whole else cls.facts.text.segment(statement, swaps))
    return found
