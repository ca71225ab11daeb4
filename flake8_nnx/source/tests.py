"""Tests that ask for fields of a module and for nothing else, so that `__init__` can ask the same."""
from __future__ import annotations

import ast
import re
from collections.abc import Collection

from flake8_nnx.source.inittext import root_is_self

PLAIN = (
    ast.Attribute, ast.Name, ast.Constant, ast.Compare, ast.BoolOp, ast.UnaryOp, ast.operator, ast.unaryop, ast.boolop, ast.cmpop,
    ast.expr_context,
)  # fmt: skip


def on_fields(test: ast.expr, fields: Collection[str]) -> bool:
    """Whether a test asks for fields of the module and for nothing else."""
    nodes = list(ast.walk(test))
    owners = [node.value for node in nodes if isinstance(node, ast.Attribute) and root_is_self(node) and node.attr in fields]
    names = [node for node in nodes if isinstance(node, ast.Name)]
    return bool(names) and all(isinstance(node, PLAIN) for node in nodes) and all(name in owners for name in names)


def without_self(test: ast.expr) -> str:
    """A test on fields in terms of the parameters."""
    return re.sub(r"\bself\.", "", ast.unparse(test))
