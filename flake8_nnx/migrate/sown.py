"""Whether a model sows values: Linen drops what nobody asks for, NNX keeps it in the model at every call.

A class sows when it does so itself, or when it names a class of the program that does.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.migrate.flow import Program
from flake8_nnx.migrate.roles import Frame, Slot, slot_of, slots_in

CLEARED = "nnx.pop({}, nnx.Intermediate)"


def sows(program: Program, slot: Slot) -> bool:
    """Whether one of the classes that a model may have sows, as far as its constructions are known."""
    return any(
        isinstance(node, (ast.Name, ast.Attribute)) and class_sows(program, node, frame, set())
        for frame, call in constructions(program, slot.root, set()) for node in ast.walk(call)
    )


def constructions(program: Program, slot: Slot, seen: set[Slot]) -> Iterator[tuple[Frame, ast.Call]]:
    """The constructions of a model, those that callers of its function hand in as well."""
    if slot in seen:
        return
    seen.add(slot)
    yield from slot.definitions
    for other in (slot.inner, slot.original):
        if other is not None:
            yield from constructions(program, other.root, seen)
    if not slot.is_given:
        return
    for site in (site for frame in program.all_frames() for site in frame.sites if site.callee.frame is slot.frame):
        for name, argument in site.arguments.items():
            value = program.values.get(argument)
            if slot in slots_in(slot.frame.given.get(name)) and slots_in(value):
                yield from constructions(program, slot_of(value).root, seen)


def class_sows(program: Program, name: ast.AST, frame: Frame, seen: set[ast.AST]) -> bool:
    found = program.linen_class(name, frame)
    if found is None or found[1].node in seen:
        return False
    file, cls = found
    seen.add(cls.node)
    home = program.module(file)
    return any(
        (isinstance(node, ast.Attribute) and node.attr == "sow")
        or (isinstance(node, (ast.Name, ast.Attribute)) and class_sows(program, node, home, seen))
        for node in cls.nodes
    )
