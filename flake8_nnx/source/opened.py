"""Sizes that the source does not tell: those of variables that nobody can follow, and `width = hidden.shape[-1]` of them.

The constructor takes such a size as a parameter, one for all that need it.
"""
from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.source.inittext import Env
from flake8_nnx.source.values import Array, Module, Static, Unknown

if TYPE_CHECKING:
    from flake8_nnx.source.trace import Tracer


def named_size(tracer: Tracer, target: ast.expr, source: ast.expr, value: Any) -> Static | None:
    """The size by its name, where this assignment is the only one that gives it."""
    if not isinstance(value, Unknown) or not isinstance(target, ast.Name) or not _last_axis(source):
        return None
    inside = tracer.inlining or tracer.loops or tracer.depth or tracer.method == "setup" or tracer.home is not tracer.cls
    stores = [n for n in tracer.cls.nodes if stored(n) == target.id]
    if inside or len(stores) != 1 or target.id in tracer.fixed:
        return None
    tracer.trace.open_sizes.add(target.id)
    return Static(target.id)


def followed(tracer: Tracer, layers: Sequence[Module], node: ast.Call, positional: list[Any], env: Env) -> list[Any]:
    """The inputs of built-in layers; a variable whose last axis is not known has a size of its own from here on."""
    name = node.args[0] if node.args else None
    value = positional[0] if positional else None
    unknown = isinstance(value, Unknown) or isinstance(value, Array) and value.size(1) is None
    if not unknown or not isinstance(name, ast.Name) or tracer.depth or tracer.loops or not all(map(_keeps_axes, layers)):
        return positional
    tracer.opened += 1
    size = {1: f"open{tracer.opened}_of_{name.id}"}
    new = value.with_axes(size) if isinstance(value, Array) else Array(None, size)
    for other, same in list(env.items()):
        if same is value and (isinstance(value, Array) or other == name.id):
            env[other] = new
    return [new, *positional[1:]]


def _keeps_axes(module: Module) -> bool:
    """Whether this is a layer whose input can only be an array."""
    ref = module.site.ref
    layer = LAYERS.get(ref.linen or "") if ref is not None else None
    return layer is not None and (bool(layer.sizes) or layer.linen == "Dropout")


def _last_axis(node: ast.expr) -> bool:
    """Whether this is `array.shape[-1]`."""
    owner = node.value if isinstance(node, ast.Subscript) else None
    return isinstance(owner, ast.Attribute) and owner.attr == "shape" and ast.unparse(node.slice) == "-1"  # type: ignore


def stored(node: ast.AST) -> str | None:
    """The name that a node gives a value."""
    if isinstance(node, ast.Name):
        return None if isinstance(node.ctx, ast.Load) else node.id
    return node.arg if isinstance(node, ast.arg) else None
