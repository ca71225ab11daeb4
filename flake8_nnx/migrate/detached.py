"""Cells outside of the module, made for their carry: `nn.LSTMCell(n, parent=None).initialize_carry(key, shape)`.

The NNX cell of the same class and arguments that the module holds says the same.
"""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from flake8_nnx.migrate.attributes import Attributes
from flake8_nnx.migrate.lines import quoted
from flake8_nnx.source.events import Trace
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.values import Site

if TYPE_CHECKING:
    from flake8_nnx.migrate.plan import Planner

METHOD = "initialize_carry"


def edited(trace: Trace, attributes: Attributes, facts: Facts) -> dict[ast.AST, str | None]:
    """New text of every call that uses a module outside of this one; None where there is none."""
    return {call_of(found.call, facts) or found.call: _text(found, trace, attributes, facts) for found in trace.detached}


def call_of(node: ast.Call, facts: Facts) -> ast.Call | None:
    """The call of `initialize_carry` on what is constructed here."""
    attribute = facts.names.parent(node)
    call = facts.names.parent(attribute) if isinstance(attribute, ast.Attribute) and attribute.attr == METHOD else None
    return call if isinstance(call, ast.Call) and call.func is attribute else None


def _text(found: Site, trace: Trace, attributes: Attributes, facts: Facts) -> str | None:
    call = call_of(found.call, facts)
    twin = next((site for site in trace.sites if _alike(site, found)), None)
    if call is None or twin is None or len(call.args) != 2 or call.keywords:
        return None
    key, shape = (facts.text.segment(argument, {}) for argument in call.args)
    return f"{attributes.reference(twin)}.{METHOD}({shape}, nnx.Rngs({key}))"


def _alike(site: Site, found: Site) -> bool:
    """The same cell, once; a carry that is not zeros (`carry_init=`) would be drawn from other keys."""
    plain = not site.loops and not site.conditional and site.choice is None and "carry_init" not in site.keywords
    return plain and site.ref == found.ref and _arguments(site) == _arguments(found)


def _arguments(site: Site) -> Any:
    named = {name: ast.unparse(value) for name, value in site.keywords.items() if name not in ("name", "parent")}
    return [ast.unparse(value) for value in site.positional], named


def carries(planner: Planner) -> None:
    """Cells that are made for their initial carry alone."""
    for node, text in edited(planner.trace, planner.attributes, planner.facts).items():
        if text is None:
            planner.refuse(node, f"`{quoted(node)}` is no part of this module (`parent=None`)")
        else:
            planner.plan.expressions[node] = text
