"""Arguments of `self.param` and `self.variable` as `__init__` of the NNX class can write them.

Sizes of inputs become parameters of the constructor; what the call alone knows is named.
"""
from __future__ import annotations

import ast

from flake8_nnx.rules import _text
from flake8_nnx.rules._traced import traced
from flake8_nnx.source.features import spelled
from flake8_nnx.source.linen import Facts


def source(call: ast.Call, node: ast.expr, facts: Facts) -> str:
    """The source of an argument, in terms of what the constructor is given where that can be told."""
    text = _known(call, node, facts)
    return _text.one_line(_text.nnx_functions(ast.unparse(node) if text is None else text, node, facts))


def argument(call: ast.Call, node: ast.expr | ast.keyword, facts: Facts) -> str:
    """The same with the name of a keyword."""
    if isinstance(node, ast.keyword):
        return (f"{node.arg}=" if node.arg else "**") + source(call, node.value, facts)
    return source(call, node, facts)


def note(call: ast.Call, nodes: list[ast.expr], facts: Facts) -> str:
    """What to say of arguments that depend on what the method is called with; empty when none does."""
    late = [f"`{_text.quote(node)}`" for node in nodes if _only_in_call(call, node, facts)]
    if not late:
        return ""
    verb = "depends" if len(late) == 1 else "depend"
    return f"; {_text.listed(late)} {verb} on the call: make it from sizes that `__init__` takes"


def _known(call: ast.Call, node: ast.expr, facts: Facts) -> str | None:
    cls = facts.enclosing_class(call)
    found = traced(cls.node, facts) if cls else None
    site = found.sites.get(call) if found else None
    text = site.texts.get(id(node)) if site else None
    return spelled(text, found.parameters) if found and text is not None else None


def _only_in_call(call: ast.Call, node: ast.expr, facts: Facts) -> bool:
    """Whether an argument names what the method takes, or what it makes of that."""
    if isinstance(node, ast.Lambda) or _known(call, node, facts) is not None:
        return False
    method = facts.enclosing_method(call)
    for part in ast.walk(node):
        binding = facts.names.binding(part) if isinstance(part, ast.Name) and part.id != "self" else None
        where = facts.names.enclosing(binding.node, ast.FunctionDef) if binding is not None else None
        if where is method and method is not None and binding is not None and binding.kind in ("param", "assign", "unpack"):
            return True
    return False


def ignores_arguments(function: ast.expr) -> bool:
    """Whether this is a lambda that returns the same whatever it takes: `lambda *_: value`."""
    if not isinstance(function, ast.Lambda):
        return False
    args = function.args
    taken = {arg.arg for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg) if arg is not None}
    return not any(isinstance(node, ast.Name) and node.id in taken for node in ast.walk(function.body))
