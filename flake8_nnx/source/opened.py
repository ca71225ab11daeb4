"""Sizes that the source does not tell, but names: `width = hidden.shape[-1]`, where nobody can follow `hidden`.

The constructor takes such a size as a parameter of that name, where what it makes needs it.
"""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_nnx.source.values import Static, Unknown

if TYPE_CHECKING:
    from typing import Any

    from flake8_nnx.source.trace import Tracer


def named_size(tracer: Tracer, target: ast.expr, source: ast.expr, value: Any) -> Static | None:
    """The size by its name, where this assignment is the only one that gives it."""
    if not isinstance(value, Unknown) or not isinstance(target, ast.Name) or not _last_axis(source):
        return None
    inside = tracer.inlining or tracer.loops or tracer.depth or tracer.method == "setup" or tracer.home is not tracer.cls
    stores = [n for n in tracer.cls.nodes if isinstance(n, (ast.Name, ast.arg)) and _stored(n) == target.id]
    if inside or len(stores) != 1 or target.id in tracer.fixed:
        return None
    tracer.trace.open_sizes.add(target.id)
    return Static(target.id)


def _last_axis(node: ast.expr) -> bool:
    """Whether this is `array.shape[-1]`."""
    owner = node.value if isinstance(node, ast.Subscript) else None
    return isinstance(owner, ast.Attribute) and owner.attr == "shape" and ast.unparse(node.slice) == "-1"  # type: ignore


def _stored(node: ast.Name | ast.arg) -> str | None:
    """The name that a node gives a value."""
    return node.arg if isinstance(node, ast.arg) else node.id if not isinstance(node.ctx, ast.Load) else None
