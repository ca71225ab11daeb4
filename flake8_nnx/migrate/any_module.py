"""Fields that hold a module of any class, `model: nn.Module`: what the class may do with it, for both sides to do the same.

It may call it, also under `jax.vmap`, and ask whether it is there; everything else depends on the class of what is given.
"""
from __future__ import annotations

import ast

from flake8_nnx.source.linen import Facts, LinenClass

ASKS = (ast.If, ast.IfExp, ast.BoolOp, ast.UnaryOp)


def fields(cls: LinenClass) -> list[str]:
    """The fields that hold a module of any class."""
    found = cls.facts.fields_of(cls).items()
    refs = {name: field.facts.annotated_module(field.annotation) for name, field in found}
    return [name for name, ref in refs.items() if ref is not None and ref.linen == "Module"]


def problem(cls: LinenClass, name: str) -> ast.expr | None:
    """Where the class, or one that it derives from, does more with the module in this field."""
    for home in cls.facts.ancestors(cls):
        for node in ast.walk(home.node):
            own = isinstance(node, ast.Attribute) and node.attr == name and ast.unparse(node.value) == "self"
            if own and not plain(node, home.facts):
                return node  # type: ignore[return-value]
    return None


def plain(node: ast.AST, facts: Facts) -> bool:
    """Whether this use of a module means the same for every class: a call, or the question whether it is there."""
    above = facts.names.parent(node)
    if isinstance(above, ast.Call):
        mapped = facts.origin(above.func) == "jax.vmap" and above.args[:1] == [node]
        return above.func is node or mapped and _called(above, facts)
    if isinstance(above, ast.Compare):
        return isinstance(above.ops[0], (ast.Is, ast.IsNot)) and ast.unparse(above.comparators[0]) == "None"
    return isinstance(above, ASKS) and node is getattr(above, "test", node)


def _called(node: ast.Call, facts: Facts) -> bool:
    above = facts.names.parent(node)
    return isinstance(above, ast.Call) and above.func is node
