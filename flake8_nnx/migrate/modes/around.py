"""Calls of models whose flag became a mode, in the code around their classes: what each call wants of the mode.

`flake8_nnx.migrate.modes.placing` sets it; where that is not exact, the program refuses the modes of its classes.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flake8_nnx.migrate.around import Plan, Stop, text_of
from flake8_nnx.migrate.edits import Piece
from flake8_nnx.migrate.model import ClassPlan
from flake8_nnx.migrate.roles import Frame, Slot
from flake8_nnx.migrate.sown import constructions
from flake8_nnx.source.linen import LinenClass

if TYPE_CHECKING:
    from flake8_nnx.migrate.calls import Rewriting


class ModeStop(Stop):
    """A program in which the modes of these classes cannot be set exactly: they keep their flags."""

    def __init__(self, node: ast.AST, frame: Frame, reason: str, classes: Sequence[ClassPlan]) -> None:
        super().__init__(node, frame, reason)
        self.classes = classes


@dataclass(frozen=True)
class Need:
    """A call that wants a model in a mode: training, evaluation, or as a condition says when it runs."""

    frame: Frame
    node: ast.Call
    slot: Slot
    training: bool | None
    condition: str = ""


def without_flag(rewriting: Rewriting, node: ast.Call, slot: Slot, method: str, pieces: list[Piece]) -> list[Piece]:
    """The arguments of a call of a model without the flag that became a mode; what the call wants is noted.

    Raises:
        ModeStop: the flag cannot be told.
    """
    plan, frame = rewriting.plan, rewriting.frame
    moded = [planned for planned in plan.classes.values() if planned.modes]
    if not moded:
        return pieces
    found = [*made_of(plan, slot)]
    if not found:
        raise ModeStop(node, frame, "which class this model has cannot be told", moded)
    flags = {next(iter(planned.modes.get(method, {}).items()), None) for planned, _ in found}
    if flags == {None}:
        return pieces
    classes = [planned for planned, _ in found]
    spread = any(k.arg is None for k in node.keywords) or any(isinstance(a, ast.Starred) for a in node.args)
    if len(flags) > 1 or spread or isinstance(node.func, ast.Call):
        raise ModeStop(node, frame, f"what `{ast.unparse(node)[:60]}` gives the flag cannot be told", classes)
    ((name, training),) = flags  # type: ignore[misc]
    positional = [piece for piece in pieces if isinstance(piece, ast.expr) and piece in node.args]
    value = flag_value(found[0][1], method, name, positional, node)
    kept = [piece for piece in pieces if piece is not value]
    if isinstance(value, ast.Constant) and isinstance(value.value, bool):
        plan.mode_needs.append(Need(frame, node, slot.root, value.value is training))
        return kept
    if value is None or value not in pieces:
        raise ModeStop(node, frame, f"`{ast.unparse(node)[:60]}` leaves `{name}` to its default, which is no constant", classes)
    text = text_of(frame).segment(value, rewriting.swaps(value))
    condition = text if training else negated(value, text)
    plan.mode_needs.append(Need(frame, node, slot.root, None, condition))
    return kept


def negated(value: ast.expr, text: str) -> str:
    if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not):
        return text.removeprefix("not ").strip()
    return f"not {text}" if isinstance(value, (ast.Name, ast.Attribute, ast.Call, ast.Subscript)) else f"not ({text})"


def made_of(plan: Plan, slot: Slot) -> Iterator[tuple[ClassPlan, LinenClass]]:
    """The classes that a model may have, as far as its constructions are known."""
    for frame, call in constructions(plan.program, slot.root, set()):
        found = plan.program.linen_class(call.func, frame)
        planned = plan.classes.get((str(found[0].path), found[1].name)) if found is not None else None
        if found is not None and planned is not None:
            yield planned, found[1]


def flag_value(cls: LinenClass, method: str, name: str, positional: Sequence[ast.expr], node: ast.Call) -> ast.expr | None:
    """What a call gives a flag of the Linen method, its default where it gives nothing."""
    given = next((keyword.value for keyword in node.keywords if keyword.arg == name), None)
    function = cls.facts.method_of(cls, method)
    if given is not None or function is None:
        return given
    spec = function.args
    names = [arg.arg for arg in spec.args][1:]
    if name in names and names.index(name) < len(positional):
        return positional[names.index(name)]
    defaults = dict(zip([arg.arg for arg in spec.args][::-1], spec.defaults[::-1]))
    return defaults.get(name) or dict(zip([arg.arg for arg in spec.kwonlyargs], spec.kw_defaults)).get(name)
