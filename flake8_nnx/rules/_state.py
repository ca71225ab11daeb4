"""Expressions that are the state of an NNX module: what `nnx.state` and `nnx.split` give, at once or by a name."""
from __future__ import annotations

import ast

from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts


def value(node: ast.AST | None, facts: Facts) -> ast.expr | None:
    """What a name is assigned, or the expression itself."""
    binding = facts.names.binding(node) if isinstance(node, ast.Name) else None
    if binding is not None:
        return binding.value if binding.kind == "assign" else None
    return node if isinstance(node, ast.expr) else None


def state_of(node: ast.AST | None, facts: Facts) -> ast.Call | None:
    """The `nnx.state(…)` that an expression is."""
    made = value(node, facts)
    return made if isinstance(made, ast.Call) and nnx.name(made.func, facts) == "state" and made.args else None


def is_state(node: ast.AST | None, facts: Facts) -> bool:
    """Whether an expression is an `nnx.State`, by its making or its annotation."""
    binding = facts.names.binding(node) if isinstance(node, ast.Name) else None
    if binding is not None and binding.annotation is not None:
        return nnx.name(binding.annotation, facts) == "State"
    return state_of(node, facts) is not None
