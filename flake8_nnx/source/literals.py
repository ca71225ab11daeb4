"""Literals as the source writes them."""
from __future__ import annotations

import ast


def is_none(node: ast.AST | None) -> bool:
    """Whether this is the literal `None`."""
    return isinstance(node, ast.Constant) and node.value is None
