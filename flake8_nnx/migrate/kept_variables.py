"""Variables that a train state keeps beside its own: `target_params`, `ema_params`, in NNX a model that the optimiser holds.

`state.replace(target_params=optax.incremental_update(…))` is `nnx.update(optimizer.target_model, …)`.
"""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from flake8_nnx.migrate.renewals import TREES, Renewal
from flake8_nnx.migrate.roles import Frame, Items, Method, Slot, State, Variables

if TYPE_CHECKING:
    from flake8_nnx.migrate.flow import Program

OWN = frozenset({"apply_fn", "params", "tx", "batch_stats", "step", "opt_state"})


def attribute(name: str) -> str:
    """What the optimiser calls the model: `target_model` for `target_params`."""
    words = name.split("_")
    return "_".join([*(words[:-1] if words[-1] in ("params", "variables", "vars", "parameters") else words), "model"])


def field_slot(program: Program, slot: Slot, optimizer: Slot, name: str) -> Slot:
    """The model that the optimiser of a train state holds."""
    root = optimizer.root
    found = program.slot(root.frame, root.node, ("kept", name))
    found.holder, found.original = (root, name), slot.root
    return found


def created(program: Program, node: ast.Call, keywords: dict[Any, Any]) -> None:
    """The fields that are given variables where a train state is made."""
    for name, value in keywords.items():
        if name in OWN or not isinstance(value, Variables) or value.updated:
            continue
        before = program.kept_fields.get(name, value.collection)
        collection = value.collection if before == value.collection else None  # programs give it different ones
        if name not in program.kept_fields or before != collection:
            program.kept_fields[name] = collection
            program.changed = True


def kept(program: Program, owner: State, name: str) -> Variables | None:
    """`state.target_params`."""
    if name not in program.kept_fields:
        return None
    return Variables(field_slot(program, owner.slot, owner.optimizer, name), program.kept_fields[name])


def replaced(program: Program, frame: Frame, node: ast.Call, function: Method) -> None:
    """`state.replace(target_params=…)`: the trees that go into the model that is kept."""
    for keyword in node.keywords:
        if keyword.arg not in program.kept_fields or function.optimizer is None:
            continue
        value, tree = program.values.get(keyword.value), keyword.value
        given = [program.values.get(argument) for argument in tree.args] if isinstance(tree, ast.Call) else [value]
        several = [each for each in given if isinstance(each, Variables)]
        others = {v.collection for v in several if v.slot.root.holder is None} or {v.collection for v in several}
        known = len(others) == 1 and (not isinstance(tree, ast.Call) or program.origin(tree.func, frame) in TREES)
        if known and all(not v.updated and not v.apart for v in several):
            (collection,) = others
            slot = field_slot(program, function.slot, function.optimizer, keyword.arg)
            program.renewed[tree] = Renewal(frame, slot, collection)
            program.values[tree] = Variables(slot, collection) if isinstance(tree, ast.Call) else value


def hands_out(value: Any) -> bool:
    """Whether a function returns what a train state keeps."""
    if isinstance(value, Items):
        return any(map(hands_out, value.elements))
    return isinstance(value, Variables) and value.slot.root.holder is not None


def same_start(frame: Frame, slot: Slot, node: ast.Call) -> bool:
    """Whether `init` is called twice with the same arguments in one expression, so that it gives the same variables."""
    names = frame.file.facts.names
    keyword = names.parent(node)
    above = names.parent(keyword) if isinstance(keyword, ast.keyword) else None
    beside = [k.value for k in above.keywords] if isinstance(above, ast.Call) else []
    return any(
        place is frame and call is not node and call in beside and ast.dump(call) == ast.dump(node)
        for place, call in slot.root.started
    )
