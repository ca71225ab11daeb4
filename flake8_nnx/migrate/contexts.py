"""Context managers in the methods of a class: one that nobody knows may change what Linen modules do inside.

`nn.intercept_methods`, or a patched `nn.Module.param`, reaches every Linen module; NNX modules never ask.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.source.linen import Facts, LinenClass

# What these export changes nothing of how modules are called.
HARMLESS = frozenset({"jax", "numpy", "contextlib", "warnings", "time", "logging", "threading"})


def unknown_contexts(cls: LinenClass, facts: Facts) -> Iterator[ast.expr]:
    """The context managers that may intercept Linen modules."""
    for node in cls.nodes:
        for item in node.items if isinstance(node, (ast.With, ast.AsyncWith)) else ():
            manager = item.context_expr
            made = manager.func if isinstance(manager, ast.Call) else manager
            origin = facts.origin(made) or ""
            if origin.partition(".")[0] not in HARMLESS and not origin.startswith("flax.nnx."):
                yield manager
