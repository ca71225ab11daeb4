"""Variables that a method makes of a module that it is given: `module.param("scale", ones, shape)`, often of its own `self`.

An NNX module makes its variables itself, when it is built.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.source.linen import LinenClass

MAKES = frozenset({"param", "variable", "make_rng"})


def variables_of_others(cls: LinenClass) -> Iterator[ast.Call]:
    """Calls that make a variable, or draw a key, of an argument or a local name other than `self`."""
    for node in cls.nodes:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in MAKES:
            continue
        owner = node.func.value
        binding = cls.facts.names.binding(owner) if isinstance(owner, ast.Name) and owner.id != "self" else None
        if binding is not None and binding.kind in ("param", "assign"):
            yield node
