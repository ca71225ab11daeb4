"""Functions that setup hands the module to, to read its fields: `features = feature_list(self)`.

They read the same of an NNX module whose `__init__` has kept its fields.
"""
from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from flake8_nnx.source.linen import Facts
from flake8_nnx.source.methods import positional_names
from flake8_nnx.source.values import Static


def fields_read(call: ast.Call, facts: Facts, fields: Mapping[str, Any]) -> frozenset[str] | None:
    """The fields that a function of this file reads of `self`; None where it is given no self, or does more with it."""
    binding = facts.names.binding(call.func) if isinstance(call.func, ast.Name) else None
    function = binding.node if binding is not None and binding.kind == "def" else None
    places = [i for i, argument in enumerate(call.args) if isinstance(argument, ast.Name) and argument.id == "self"]
    if not isinstance(function, ast.FunctionDef) or facts.names.parent(function) is not facts.tree or not places:
        return None
    names = positional_names(function)
    if len(places) > 1 or call.keywords or places[0] >= len(names) or function.decorator_list:
        return None
    found = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id == names[places[0]]:
            above = facts.names.parent(node)
            read = isinstance(above, ast.Attribute) and isinstance(above.ctx, ast.Load) and type(fields.get(above.attr)) is Static
            if not read:
                return None
            found.add(above.attr)  # type: ignore[union-attr]
    return frozenset(found)
