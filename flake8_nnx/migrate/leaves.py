"""The variables of the models of a program, by their names in Linen and in NNX, as far as the variable maps of classes tell.

Names that Linen counts (`Dense_0`) end in `_#`; what a loop counts stands in braces.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flake8_nnx.migrate.around import Plan
from flake8_nnx.migrate.roles import Slot
from flake8_nnx.migrate.sown import constructions
from flake8_nnx.source.linen import LinenClass
from flake8_nnx.source.project import SourceFile


@dataclass(frozen=True)
class Leaf:
    """One variable of a model."""

    collection: str
    linen: tuple[str, ...]
    nnx: tuple[str, ...]


class Unknown(Exception):
    """What a model may consist of cannot be told."""


def leaves(plan: Plan, slot: Slot) -> list[Leaf] | None:
    """The variables that a model may have, None where some are not known."""
    found: list[Leaf] = []
    made = list(constructions(plan.program, slot.root, set()))
    try:
        for frame, call in made:
            known = plan.program.linen_class(call.func, frame)
            if known is None:
                return None
            found += _of_class(plan, known[1], (), ())
    except Unknown:
        return None
    return found if made else None


def only_parameters(plan: Plan, slot: Slot) -> bool:
    """Whether a model has parameters and nothing else, so that all its variables are those of `nnx.Param`."""
    known = leaves(plan, slot)
    return known is not None and all(leaf.collection == "params" for leaf in known)


def _of_class(plan: Plan, cls: LinenClass, linen: tuple[str, ...], nnx: tuple[str, ...]) -> Iterator[Leaf]:
    home = cls.facts.elsewhere
    planned = plan.classes.get((str(home.path), cls.name)) if isinstance(home, SourceFile) else None
    if planned is None or len(linen) > 20:
        raise Unknown
    yield from _of_slots(plan, planned.slots, linen, nnx)


def _of_slots(plan: Plan, slots: Sequence[Mapping[str, Any]], linen: tuple[str, ...], nnx: tuple[str, ...]) -> Iterator[Leaf]:
    for slot in slots:
        if "each" in slot or "either" in slot:
            yield from _of_slots(plan, slot.get("each") or slot["either"], linen, nnx)
            continue
        if "same" in slot:
            raise Unknown
        here = (*nnx, *slot["nnx"].split("/"))
        if "param" in slot:
            yield Leaf(slot["collection"], (*linen, slot["param"]), here)
            continue
        name = f"{slot['linen']}_#" if slot.get("auto") else slot["linen"]
        below = linen if slot.get("shared") else (*linen, *name.split("/"))
        if "class" in slot:
            yield from _of_class(plan, slot["class"], below, here)
        for leaf, target in slot.get("leaves", {}).items():
            collection, *rest = leaf.split("/")
            yield Leaf(collection, (*below, *rest), (*here, *target.split("/")))
