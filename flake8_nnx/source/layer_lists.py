"""Lists of layers that a method makes longer: `blocks.append(Block(…))`, in loops as well.

In a loop, what one turn appends stands for all.
"""
from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flake8_nnx.source.inittext import Env
from flake8_nnx.source.values import Items, Module, Repeated, Unknown, elements, one_of

if TYPE_CHECKING:
    from flake8_nnx.source.trace import Tracer


def appended(tracer: Tracer, node: ast.Expr, name: str, element: ast.expr, env: Env) -> bool:
    """`blocks.append(Block(…))` in setup: in a loop, what one turn appends stands for all."""
    known = env.get(name)
    items = elements(known)
    if tracer.method != "setup" or not (isinstance(known, Repeated) or items is not None and all(map(is_module, items))):
        return False
    value = tracer.evaluator.value(element, env)
    env[name] = _longer(tracer, known, value)
    if not isinstance(env[name], Unknown):
        tracer.trace.understood.add(node)
    return True


def _longer(tracer: Tracer, known: Any, value: Any) -> Any:
    """A list of submodules with one more, made after those that it holds."""
    order = [tracer.trace.sites.index(module.site) for module in (*one_of(known), *one_of(value)) if is_module(module)]
    items = elements(known)
    if items is not None:
        order = [tracer.trace.sites.index(item.site) for item in (*items, value) if is_module(item)]
    if not is_module(value) or value.site.loops != tracer.loops or order != sorted({*order}):
        return Unknown()
    if items is not None and not tracer.loops:
        return Items((*items, value))
    if items is not None:
        plain = not items or len(tracer.loops) == 1 and not any(item.site.loops for item in items)
        return Repeated(value, tracer.loops[-1], before=items) if plain else Unknown()
    same = len(tracer.loops) == 1 and known.loop is tracer.loops[-1] and not known.others
    return replace(known, rest=(*known.rest, value)) if same else Unknown()


def is_module(value: Any) -> bool:
    return isinstance(value, Module)
