"""Calls that a Linen module makes on itself."""
from __future__ import annotations

import ast

from flake8_nnx.rules._text import quote
from flake8_nnx.source.linen import Facts


def arguments(call: ast.Call, *names: str) -> list[ast.expr] | None:
    """The values of the leading parameters, given by position or by name; None when one cannot be seen."""
    if any(isinstance(a, ast.Starred) for a in call.args[: len(names)]):
        return None
    given = {k.arg: k.value for k in call.keywords if k.arg}
    found = [call.args[i] if i < len(call.args) else given.get(name) for i, name in enumerate(names)]
    return [node for node in found if node is not None] if None not in found else None


def others(call: ast.Call, *names: str) -> list[ast.expr | ast.keyword]:
    """The arguments beyond the leading parameters; `unbox=` has no meaning in NNX."""
    return [*call.args[len(names):], *(k for k in call.keywords if k.arg not in (*names, "unbox"))]


def attribute(name: ast.expr, value: str) -> str:
    """`self.scale = value`, or `setattr` for a name that is computed."""
    if isinstance(name, ast.Constant) and str(name.value).isidentifier():
        return f"self.{name.value!s} = {value}"
    return f"setattr(self, {quote(name)}, {value})"


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
