"""Constants of a class body: `widths = (32, 64)` without an annotation is no field, and its methods read `self.widths`.

An NNX class keeps them as they are; only what Python cannot change in place counts.
"""
from __future__ import annotations

import ast

from flake8_nnx.source.linen import LinenClass, annotation_word
from flake8_nnx.source.values import Static


def constant(cls: LinenClass, name: str, depth: int) -> Static | None:
    """What `self.<name>` is; a class that constructs this one (`depth`) can only name the value itself."""
    value = next((value for base in cls.facts.ancestors(cls) if (value := _value(base, name)) is not None), None)
    if value is None:
        return None
    own = f"self.{name}"  # which a class that derives from this one may have otherwise
    parts = value.elts if isinstance(value, ast.Tuple) else None
    items = None if parts is None else tuple(Static(ast.unparse(p) if depth else f"{own}[{i}]") for i, p in enumerate(parts))
    return Static(ast.unparse(value) if depth else own, items)


def _value(cls: LinenClass, name: str) -> ast.expr | None:
    """The literal that a class body gives this name, once."""
    found = [stmt.value for stmt in cls.node.body if name in _names(stmt)]  # type: ignore[attr-defined]
    value = found[0] if len(found) == 1 else None
    parts = value.elts if isinstance(value, ast.Tuple) else [value]
    return value if all(isinstance(part, ast.Constant) for part in parts) else None


def _names(statement: ast.stmt) -> list[str]:
    """The names that a statement of a class body gives a value, fields aside."""
    if isinstance(statement, ast.Assign):
        return [target.id for target in statement.targets if isinstance(target, ast.Name)]
    if isinstance(statement, ast.AnnAssign) and annotation_word(statement.annotation) == "ClassVar" and statement.value:
        return [statement.target.id] if isinstance(statement.target, ast.Name) else []
    return []
