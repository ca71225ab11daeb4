"""Variables that a tree of others takes the place of, under the same name: averages of weights, target networks, descent by hand.

`target = optax.incremental_update(params, target, tau)` is `nnx.update(target_model, …)` of the states of both models.
"""
from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flake8_nnx.migrate.known import TREE_MAPS
from flake8_nnx.migrate.roles import Frame, Gradients, Slot, Variables

if TYPE_CHECKING:
    from flake8_nnx.migrate.flow import Program

AVERAGES = frozenset({"optax.incremental_update", "optax.periodic_update"})
TREES = TREE_MAPS | AVERAGES | {"optax.apply_updates"}


@dataclass(frozen=True)
class Renewal:
    """A tree that goes into a model: where, into which one, of which collection."""

    frame: Frame
    slot: Slot
    collection: str | None


def average(program: Program, frame: Frame, node: ast.Call, origin: str, arguments: list[Any]) -> Any:
    """`optax.incremental_update(params, target, tau)` is the next `target`, if no name says otherwise."""
    if origin not in AVERAGES or len(arguments) < 2 or not all(map(_tree, arguments[:2])):
        return None
    new, old = arguments[:2]
    return _found(program, frame, node, old) if new.collection == old.collection else None


def renewed(program: Program, frame: Frame, target: ast.expr, node: ast.expr, value: Any) -> Any:
    """What a name holds whose variables a tree of these and of others replaces; what it was given where it is none."""
    before = frame.env.get(target.id) if isinstance(target, ast.Name) else None
    if not isinstance(target, ast.Name) or not isinstance(before, Variables) or not _tree(before):
        return value
    if isinstance(value, Variables) and not isinstance(node, ast.Call):  # a copy that a function is given takes those of another
        if before.slot.root.copy and before.slot.root.is_given and value.slot.root is not before.slot.root:
            return _found(program, frame, node, before)
        return value
    known = value is None or node in program.renewed
    if not known or not isinstance(node, ast.Call) or program.origin(node.func, frame) not in TREES:
        return value
    arguments = [*node.args, *(k.value for k in node.keywords)]
    given = [(a, v) for a in arguments if isinstance(v := program.values.get(a), Variables)]
    if before.slot.root not in [v.slot.root for _, v in given]:
        return value
    if any(not _tree(v) or v.collection != before.collection for _, v in given):
        return value
    names = {a.id for a, v in given if isinstance(a, ast.Name) and v.slot.root is before.slot.root}
    others = any(v.slot.root is before.slot.root and not (isinstance(a, ast.Name) and a.id == target.id) for a, v in given)
    if target.id in names and others:  # two names for one model, so this one has to be a copy
        program.wanted.add((id(frame.node), target.id))
    return _found(program, frame, node, before)


def _tree(value: Any) -> bool:
    """Whether it is variables of a model as they are now."""
    return isinstance(value, Variables) and not value.updated and not value.apart


def _found(program: Program, frame: Frame, node: ast.expr, before: Variables) -> Variables:
    program.renewed[node] = Renewal(frame, before.slot, before.collection)
    program.values[node] = Variables(before.slot, before.collection)
    return Variables(before.slot, before.collection)


def takes_gradients(program: Program, node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and any(isinstance(program.values.get(a), Gradients) for a in node.args)
