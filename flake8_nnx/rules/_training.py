"""Where a file trains which NNX model: calls of `optimizer.update(model, …)` and of steps given model and optimizer."""
from __future__ import annotations

import ast
import functools
from collections.abc import Mapping
from typing import Union

from flake8_nnx.rules._jit import is_kind
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.names import FUNCTIONS

Key = tuple[int, str]
Training = Mapping[Key, "list[ast.Call]"]
Scope = Union[ast.FunctionDef, ast.ClassDef, None]


def key(node: ast.AST | None, facts: Facts) -> Key | None:
    """What tells one model from another: the statement that binds its name, or the class that holds it."""
    if isinstance(node, ast.Name):
        binding = facts.names.binding(node)
        return (id(binding.node), node.id) if binding is not None else None
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
        return id(facts.names.enclosing(node, ast.ClassDef)), node.attr
    return None


@functools.lru_cache(maxsize=4)
def trainings(facts: Facts) -> Training:
    """The calls that train each model, in source order."""
    found: dict[Key, list[ast.Call]] = {}
    for call in facts.names.nodes:
        if not isinstance(call, ast.Call) or not call.args or nnx.module_class(call.func, facts) is not None:
            continue
        updates = isinstance(call.func, ast.Attribute) and call.func.attr == "update"
        updates = updates and is_kind(getattr(call.func, "value", None), facts, "optimizer")
        library = (facts.origin(call.func) or "").startswith("flax.")
        if updates or (not library and any(is_kind(arg, facts, "optimizer") for arg in call.args)):
            for arg in call.args:
                model = key(arg, facts)
                if model is not None and is_kind(arg, facts, "module"):
                    found.setdefault(model, []).append(call)
    return found


def same_function(node: ast.AST, other: ast.AST, facts: Facts) -> bool:
    """Whether two nodes run in the same function, or both in none."""
    return facts.names.enclosing(node, *FUNCTIONS) is facts.names.enclosing(other, *FUNCTIONS)


def runs_after(call: ast.AST, node: ast.AST, facts: Facts) -> bool:
    """Whether a call stands below a node of the same function, or in a loop around both."""
    if not same_function(call, node, facts):
        return False
    if call.lineno > node.lineno:  # type: ignore[attr-defined]
        return True
    loop = facts.names.enclosing(call, ast.For, ast.While)
    while loop is not None:
        if any(inner is node for inner in ast.walk(loop)):
            return True
        loop = facts.names.enclosing(loop, ast.For, ast.While)
    return False
