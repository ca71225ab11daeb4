"""Literals that stand for nothing: None, and constants on a line of their own."""
from __future__ import annotations

import ast


def is_none(node: ast.AST | None) -> bool:
    """Whether this is the literal `None`."""
    return isinstance(node, ast.Constant) and node.value is None


def is_idle(statement: ast.AST) -> bool:
    """Whether this is a docstring, or another constant that stands alone."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
