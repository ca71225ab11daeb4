"""Names of gradient transformations that nothing reads any more where an optimiser has taken their place.

`optimizer = optax.adam(1e-2)` and `opt_state = optimizer.init(params)` are one assignment then, to the first of both names.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.migrate.flow import Program
from flake8_nnx.migrate.roles import Frame, Slot, Transform


def unread_transforms(program: Program, slot: Slot) -> set[ast.AST]:
    """The names of transformations, in the function of a state of optax, that its calls alone read."""
    found: dict[str, list[ast.Name]] = {}
    for node in ast.walk(slot.frame.node):
        if isinstance(node, ast.Name) and isinstance(program.values.get(node), Transform):
            found.setdefault(node.id, []).append(node)
    return {node for name, nodes in found.items() if vanishes(program, slot, name, nodes) for node in nodes}


def vanishes(program: Program, slot: Slot, name: str, nodes: list[ast.Name]) -> bool:
    loads = [node for node in nodes if isinstance(node.ctx, ast.Load)]
    if slot.is_given:
        return len(loads) == len(nodes) and all(reader(program, slot.frame, node) in program.by_hand.updated for node in loads)
    made = [call for call in (reader(program, slot.frame, node) for node in loads) if call in program.by_hand.made]
    return made == [slot.node] and assignment(slot.frame, name) is not None and all(
        reader(program, slot.frame, node) in (slot.node, *program.by_hand.updated) for node in loads
    )


def reader(program: Program, frame: Frame, node: ast.Name) -> ast.AST | None:
    """The call of a method of what the name holds."""
    parent = frame.file.facts.names.parent
    attribute = parent(node)
    call = parent(attribute) if isinstance(attribute, ast.Attribute) else None
    return call if isinstance(call, ast.Call) and call.func is attribute else None


def assignment(frame: Frame, name: str) -> ast.Assign | None:
    """The only binding of a name in a function, at its top level and in one line, where it is the call of a function."""
    body = getattr(frame.node, "body", ())
    several = [node for node in bindings(frame) if node.id == name]
    found = [s for s in body if isinstance(s, ast.Assign) and s.targets == several and isinstance(s.value, ast.Call)]
    return found[0] if len(found) == 1 and found[0].lineno == found[0].end_lineno else None


def bindings(frame: Frame) -> Iterator[ast.Name]:
    for node in ast.walk(frame.node):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node
