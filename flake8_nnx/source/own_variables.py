"""What a module asks of itself: `self.param`, `self.variable`, `self.sow` and `self.make_rng`.

Each is a site like that of a layer, without a class.
"""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from flake8_nnx.source.inittext import Env
from flake8_nnx.source.values import Array, Site, Unknown, array_of, elements, size_of

if TYPE_CHECKING:
    from flake8_nnx.source.trace import Tracer


def called(tracer: Tracer, node: ast.Call, env: Env) -> Any:
    """A call of one of them: a site of the class, and an array in the case of a parameter."""
    positional, _ = tracer.evaluator.arguments(node, env)
    texts = {}
    for expression in [*node.args, *(k.value for k in node.keywords)]:
        text = tracer.evaluator.text(expression, env)
        if text is not None:
            texts[id(expression)] = text
    named = {k.arg: k.value for k in node.keywords if k.arg}
    arguments = list(node.args)
    if node.func.attr == "param":  # type: ignore[attr-defined]
        arguments += [named.pop(name) for name in ("name", "init_fn")[len(arguments):] if name in named]
    site = Site(node, None, arguments, named, texts, tracer.method, tracer.loops)
    tracer.trace.sites.append(site)
    tracer.events.append(site)
    if node.func.attr != "param":  # type: ignore[attr-defined]
        return Unknown()
    shape = elements(positional[2]) if len(positional) > 2 else None
    if shape is None:
        return Array()
    return array_of([size_of(item) for item in shape])


def kind(site: Site) -> str | None:
    """`param`, `variable`, `sow` or `make_rng` of the module's own."""
    return site.call.func.attr if site.ref is None and isinstance(site.call.func, ast.Attribute) else None
