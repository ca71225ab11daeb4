"""Where the parameters that a function applies its model to come from: in NNX they are the model's own, so there is one source.

A loss that also reads `state.params`, or takes target parameters beside its own, would be differentiated through both.
"""
from __future__ import annotations

import ast
from collections.abc import Sequence

from flake8_nnx.migrate.around import Plan, Stop, own_nodes
from flake8_nnx.migrate.carry import home_of
from flake8_nnx.migrate.construction import inits
from flake8_nnx.migrate.roles import Frame, Slot, State, Variables, slot_of, slots_in

ADVICE = "give each set of parameters a model of its own, copied with nnx.clone"


def check_sources(plan: Plan, frames: Sequence[Frame]) -> None:
    """Refuse functions that have two sets of parameters for one model.

    Raises:
        Stop: at the first such function.
    """
    inside = set(frames)
    roots = dict.fromkeys(made.root for made in plan.program.slots.values())
    for slot in [root for root in roots if root.frame in inside]:
        calls = list(inits(plan, slot.frame, slot))
        if len(calls) > 1:
            _, frame, call = calls[1]
            raise Stop(call, frame, "one model is initialised more than once", ADVICE)
    for frame in frames:
        own: dict[Slot, str] = {}
        for parameter in frame.parameters:
            value = frame.given.get(parameter.arg)
            if isinstance(value, State) or is_params(value):
                slot = slot_of(value)
                if slot in own and isinstance(value, State) == isinstance(frame.given[own[slot]], State):
                    reason = f"`{frame.name}` applies one model to `{own[slot]}` and to `{parameter.arg}`"
                    copy = (id(frame.node), parameter.arg) if is_params(value) else None
                    raise Stop(parameter, frame, reason, ADVICE, copy)
                if slot not in own or is_params(value):
                    own[slot] = parameter.arg
        mine = {slot: name for slot, name in own.items() if is_params(frame.given[name])}
        for node in own_nodes(frame.node, nested=True) if mine else ():
            value = plan.program.values.get(node)
            if is_params(value) and slots_in(value) and slot_of(value) in mine and foreign(node, frame, mine[slot_of(value)]):
                name, slot = mine[slot_of(value)], slot_of(value)
                states = [each for each in frame.given.values() if isinstance(each, State) and slot_of(each) is slot]
                reason = f"`{frame.name}` takes the parameters `{name}` and reads others of the same model"
                raise Stop(node, frame, reason, ADVICE, (id(frame.node), name) if states else None)


def is_params(value: object) -> bool:
    return isinstance(value, Variables) and value.collection in (None, "params") and not value.updated


def foreign(node: ast.AST, frame: Frame, name: str) -> bool:
    """Whether parameters come from somewhere else than a parameter of the function or a name that it assigns."""
    if isinstance(node, ast.Attribute):
        return node.attr == "params"
    if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load) or node.id == name:
        return False
    home, bindings = home_of(node, frame)
    inside = home is not None and home.inside(frame)
    return not inside or (home is frame and all(binding.kind == "param" for binding in bindings))
