"""Sizes that a call computes for layers that setup makes, as `head_dim = self.features // self.heads` ahead of them.

`__init__` makes the layers before any call, so that it writes such a size out.
"""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_nnx.source.events import Assignment
from flake8_nnx.source.features import events
from flake8_nnx.source.sizes import AXIS, CHOSEN, OPEN, WHOLE, Size

if TYPE_CHECKING:
    from flake8_nnx.migrate.plan import Planner

OF_INPUTS = (AXIS, WHOLE, CHOSEN, OPEN)


def written_out(planner: Planner, size: Size) -> Size:
    """The size without the variables of the call that always have one value, which fields tell."""
    if not isinstance(size, str) or not any(name in size for name in planner.in_call):
        return size
    return ast.unparse(_WrittenOut(_values(planner)).visit(ast.parse(size, mode="eval")))


def _values(planner: Planner) -> dict[str, ast.expr]:
    """The variables of the call that are set once, outside of branches and loops, to what is known before it."""
    names = [name for event in events(planner.trace.events) for name in getattr(event, "names", ())]
    found: dict[str, ast.expr] = {}
    for event in planner.trace.events:
        if not isinstance(event, Assignment) or len(event.names) != 1 or names.count(event.names[0]) != 1:
            continue
        name, _, right = event.text.partition(" = ")
        if name in planner.in_call and not any(pattern.search(right) for pattern in OF_INPUTS):
            found[name] = _WrittenOut(found).visit(ast.parse(right, mode="eval").body)
    return found


class _WrittenOut(ast.NodeTransformer):
    def __init__(self, values: dict[str, ast.expr]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.values.get(node.id, node)
