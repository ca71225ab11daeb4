"""Calls that may make a Linen module of a class that cannot be seen: `SomeBlock(3)(x)` with an imported `SomeBlock`.

Left as it is, such a module would be made anew, untrained, at every call of the NNX class, without an error.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.source.given import classes_of
from flake8_nnx.source.linen import PARTIAL, Facts, LinenClass
from flake8_nnx.source.names import Scope

# What these export is called in other ways than as Linen modules.
PLAIN = frozenset({
    "jax", "numpy", "functools", "flax", "optax", "math", "operator", "itertools", "typing", "collections", "einops", "scipy",
    "chex", "dataclasses", "builtins", "jraph",
})  # fmt: skip


def unknown_modules(cls: LinenClass, facts: Facts) -> Iterator[tuple[ast.Call, str]]:
    """Calls in the methods whose result is called, with the name of the class that nobody can see."""
    for node in cls.nodes:
        if not isinstance(node, ast.Call):
            continue
        made = _value(node.func, facts)
        if isinstance(made, ast.Call) and (name := _unseen_class(made.func, facts)):
            yield made, name


def unseen_field(node: ast.Call, cls: LinenClass, facts: Facts) -> str | None:
    """The field in `self.conv(features)(x)`: what it holds makes something that is called, a module most likely."""
    made = _value(node.func, facts)
    callee = _value(made.func, facts) if isinstance(made, ast.Call) else None
    if isinstance(callee, ast.Call) and facts.origin(callee.func) in PARTIAL and callee.args:
        callee = callee.args[0]
    own = isinstance(callee, ast.Attribute) and isinstance(callee.value, ast.Name) and callee.value.id == "self"
    name = callee.attr if own and not classes_of(callee, facts) else None  # type: ignore[union-attr, arg-type]
    return name if name in facts.fields_of(cls) else None


def may_be_class(node: ast.expr, facts: Facts) -> bool:
    """Whether a local name is given a module class in one of several places."""
    scope: Scope | None = facts.names.scope(node) if isinstance(node, ast.Name) else None
    while isinstance(node, ast.Name) and scope is not None:
        if node.id in scope.bindings:
            given = [binding.value for binding in scope.bindings[node.id] if binding.kind == "assign"]
            return any(value is not None and bool(classes_of(value, facts)) for value in given)
        scope = scope.parent
    return False


def _value(node: ast.expr, facts: Facts) -> ast.expr | None:
    """What a local name was given; anything else as it is."""
    if not isinstance(node, ast.Name):
        return node
    binding = facts.names.binding(node)
    return binding.value if binding is not None and binding.kind == "assign" else None


def _unseen_class(node: ast.expr, facts: Facts) -> str | None:
    """A name in the case of classes that is imported from somewhere unknown."""
    if not isinstance(node, (ast.Name, ast.Attribute)) or facts.module_class(node) is not None:
        return None
    origin = facts.origin(node)
    name = (origin or "").rpartition(".")[2]
    if not name[:1].isupper() or name.isupper() or origin is None or origin.lstrip(".").partition(".")[0] in PLAIN:
        return None
    binding = facts.names.binding(node) if isinstance(node, ast.Name) else None
    return None if binding is not None and binding.kind == "class" else name
