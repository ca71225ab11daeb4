"""Calls that a Linen module makes on itself."""
from __future__ import annotations

import ast

from flake8_nnx.source.linen import Facts


def own_call(call: ast.Call, facts: Facts, *names: str) -> bool:
    """Whether this is `self.<name>(…)` of flax.linen.Module, in a Linen class that does not define the name itself."""
    func = call.func
    if not isinstance(func, ast.Attribute) or func.attr not in names:
        return False
    if not isinstance(func.value, ast.Name) or func.value.id != "self":
        return False
    method = facts.enclosing_method(call)
    cls = facts.linen_class(facts.names.parent(method)) if method is not None else None
    return cls is not None and facts.method_of(cls, func.attr) is None and func.attr not in facts.fields_of(cls)
