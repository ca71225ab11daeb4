"""Calls that may make a Linen module of a class that cannot be seen: `SomeBlock(3)(x)` with an imported `SomeBlock`.

Left as it is, such a module would be made anew, untrained, at every call of the NNX class, without an error.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.source.linen import Facts, LinenClass

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
