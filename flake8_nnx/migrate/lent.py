"""Train states with the function of another model: `state.replace(apply_fn=eval_model.apply)`, to evaluate with other settings.

In NNX the other model is given the variables where the state was made, and has no optimiser.
"""
from __future__ import annotations

import ast
from collections.abc import Sequence

from flake8_nnx.migrate.around import Plan, Stop, own_nodes
from flake8_nnx.migrate.roles import Frame, Method, Slot, State, slot_of


def check_lent(plan: Plan, frames: Sequence[Frame]) -> None:
    """Refuse such states where they are more than variables to apply the other model to.

    Raises:
        Stop: at the first one.
    """
    places: dict[Slot, ast.Call] = {}
    for frame in frames:
        for node in own_nodes(frame.node):
            if not isinstance(node, ast.Call) or not lends(plan, node):
                continue
            slot = slot_of(plan.program.values[node])
            shown = f"`{ast.unparse(node)[:60]}`"
            if slot.is_given or slot.frame is not frame:
                raise Stop(node, frame, f"{shown} puts variables into a model that is made elsewhere", "make it in this function")
            if not isinstance(frame.file.facts.names.parent(node), ast.Assign):
                raise Stop(node, frame, f"{shown} is used on the spot", "assign it to a name first")
            method = plan.program.values[node.func]
            if method.slot.root is not slot and places.setdefault(slot, node) is not node:
                raise Stop(node, frame, f"{shown} is not the only train state of this model", "make a model for each")
            if any("optimizer" in needed for (_, used), needed in plan.uses.items() if used is slot):
                raise Stop(node, frame, f"the train state that {shown} makes is trained, stored or asked for its step")


def lends(plan: Plan, node: ast.Call) -> bool:
    """Whether a call of `replace` gives a model the variables of another."""
    method, value = plan.program.values.get(node.func), plan.program.values.get(node)
    replaces = isinstance(method, Method) and method.name == "replace"
    return replaces and isinstance(value, State) and slot_of(value).source is not None
