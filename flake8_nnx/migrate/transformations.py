"""Parameters and the state of optax by hand: `tx.init(params)`, `tx.update(grads, opt_state, params)`, `optax.apply_updates`.

Which transformation a state belongs to is followed by the expressions that make them, through the calls between.
"""
from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flake8_nnx.migrate.roles import Frame, Items, Maker, OptState, Slot, Transform, Updates, Variables, slot_of, slots_in

if TYPE_CHECKING:
    from flake8_nnx.migrate.flow import Program

APPLY = "optax.apply_updates"
TRANSFORM = re.compile(r"optax\.(contrib\.|transforms\.)?\w+")
# What other functions of optax return is no transformation.
OTHER = re.compile(
    r".*(schedules?|decay|loss|entropy|divergence|distance|similarity|log_cosh|squared_error|ntxent|smooth_labels|nnls|softmax)$"
    r"|optax\.(apply_updates|incremental_update|periodic_update|global_norm|safe_\w+|(skip|update|tree|multi_normal)_\w+)$"
)
ANNOTATIONS = frozenset({f"optax.GradientTransformation{more}" for more in ("", "ExtraArgs")} | {"optax.MultiSteps"})


@dataclass
class ByHand:
    """The optimisers of a program that no train state keeps."""

    made: dict[ast.Call, tuple[Frame, Slot, Transform]]  # `tx.init(params)`
    updated: dict[ast.Call, tuple[Frame, Slot, Transform]]  # `tx.update(grads, opt_state, params)`
    applied: dict[ast.Call, list[tuple[Frame, ast.Call, Slot]]]  # by that call: where the updates are added to parameters

    def models(self, call: ast.Call) -> list[Slot]:
        """The models that an update is for."""
        return [slot.root for _, _, slot in self.applied.get(call, ())]


def optax_call(
    program: Program, frame: Frame, node: ast.Call, origin: str, arguments: list[Any], keywords: Mapping[Any, Any]
) -> Any:
    """What a call of optax, or of a method of a transformation, returns; None where it is neither."""
    function = program.values.get(node.func)
    if origin == APPLY and len(arguments) == 2 and isinstance(arguments[1], Updates) and isinstance(arguments[0], Variables):
        params, call = arguments[0], arguments[1].call
        several = program.by_hand.applied.setdefault(call, [])
        if not any(other is node for _, other, _ in several):
            several.append((frame, node, params.slot))
        return Variables(params.slot, params.collection)
    if isinstance(node.func, ast.Attribute):
        owner = program.values.get(node.func.value)
        if isinstance(owner, Transform):
            return method(program, frame, node, owner, node.func.attr, arguments, keywords)
    if isinstance(function, Transform) or (TRANSFORM.fullmatch(origin) and not OTHER.match(origin)):
        return Transform(frozenset({Maker(frame, (node,))}))
    return None


def method(
    program: Program, frame: Frame, node: ast.Call, owner: Transform, name: str, arguments: list[Any], keywords: Mapping[Any, Any]
) -> Any:
    if name == "gradient_transformation":
        return owner
    if name == "init" and len(arguments) == 1 and isinstance(arguments[0], Variables):
        slot = program.slot(frame, node, "optimizer")
        slot.optimizer = True
        program.by_hand.made[node] = (frame, slot, owner)
        return OptState(slot)
    if name != "update" or len(node.args) < 2:
        return None
    state = arguments[1]
    if state is None and isinstance(node.args[1], ast.Name):
        program.guess_value(node.args[1], frame, OptState)
        state = program.value(node.args[1], frame)
    if not isinstance(state, OptState):
        return None
    program.by_hand.updated[node] = (frame, state.slot, owner)
    return Items((Updates(node), state))


def leaving(value: Any, call: ast.Call, callee: Frame, frame: Frame) -> Any:
    """The transformations that a function makes are those of its call for the function that calls it."""
    if isinstance(value, Items):
        return Items(tuple(leaving(element, call, callee, frame) for element in value.elements))
    if isinstance(value, Transform):
        makers = (Maker(frame, (call, *m.path)) if m.frame.inside(callee) else m for m in value.makers)
        return Transform(frozenset(makers))
    return value


def either(node: ast.AST, one: Any, other: Any, frame: Frame) -> Any:
    """One of two transformations, which a condition tells."""
    if not isinstance(one, Transform) or not isinstance(other, Transform) or one == other:
        return one if one == other else None
    paths = sorted((maker.path for maker in one.makers | other.makers), key=lambda path: tuple(map(id, path)))
    return Transform(frozenset({Maker(frame, (node, *(part for path in paths for part in path)))}))


# ---- which transformation a state belongs to --------------------------------------------------------------------------


def makers(program: Program, slot: Slot, seen: frozenset[Slot] = frozenset()) -> frozenset[Maker]:
    """What may have made the transformations that a state of optax was initialised by."""
    slot = slot.root
    if slot in seen:
        return frozenset()
    if slot.inner is not None:
        assert isinstance(slot.node, ast.Call)
        inner = slot.inner.root
        found = Transform(makers(program, inner, seen | {slot}))
        callee = next((s.callee.frame for s in slot.frame.sites if s.call is slot.node), inner.frame)
        return frozenset(leaving(found, slot.node, callee, slot.frame).makers)
    if not slot.is_given:
        made = program.by_hand.made.get(slot.node)  # type: ignore[call-overload]
        return made[2].makers if made is not None else frozenset()
    several: frozenset[Maker] = frozenset()
    for frame in program.all_frames():
        for site in frame.sites:
            own = next((n for n, value in slot.frame.given.items() if slot in slots_in(value)), "")
            given = site.arguments.get(own) if site.callee.frame is slot.frame else None
            value = program.values.get(given) if given is not None else None
            if slots_in(value):
                several |= makers(program, slot_of(value), seen | {slot})
    return several
