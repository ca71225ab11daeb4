"""Gradual migration of a file: what can move moves, and a bridge stands wherever it meets what stays Linen."""
from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from flake8_nnx.migrate import refuse
from flake8_nnx.migrate.model import ClassPlan, FilePlan
from flake8_nnx.migrate.project import Plans
from flake8_nnx.migrate.wrap import Stuck, references, wrap
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.read import parse


def plan_bridged(
    source: str,
    filename: str,
    without: Mapping[str, str] | None = None,
    untouched: Collection[str] = (),
    earlier: Mapping[str, Any] | None = None,
) -> FilePlan:
    """Plan every Linen class of a file with bridges between those that move and those that stay.

    Args:
        without: classes that stay Linen, with the reason.
        untouched: those of them that may not wrap anything either.
        earlier: variable maps of the classes of the file that have moved before.

    Raises:
        SourceError: the text is not Python, or nested too deeply to be followed.
    """
    facts = Facts(parse(source, filename), filename, source=source)
    kept: dict[int, ClassPlan] = {}
    for cls in facts.classes:
        if cls.name in (without or {}):
            kept[id(cls.node)] = ClassPlan(cls)
            refuse.add(kept[id(cls.node)], cls.node, (without or {})[cls.name])
    while True:
        found = Plans(kept).of_file(source, facts)
        found.earlier = earlier or {}
        _check_holders(found, kept)
        refused = {id(plan.cls.node): ClassPlan(plan.cls, refusals=plan.refusals) for plan in found.plans if plan.refusals}
        if refused.keys() == kept.keys():
            stuck = _wrap_all(found, refused, untouched)
            if not stuck:
                found.plans = [refused.get(id(plan.cls.node), plan) for plan in found.plans]
                return found
            refused |= stuck
        kept = refused


def _check_holders(found: FilePlan, kept: Mapping[int, ClassPlan]) -> None:
    """A class that derives from one that stays Linen, or is given one, cannot wrap it."""
    for plan in found.native:
        for base in found.facts.ancestors(plan.cls)[1:]:
            if id(base.node) in kept:
                refuse.add(plan, plan.cls.node, f"it derives from `{base.name}`, which stays Linen", f"see `{base.name}`")
        for name, field in found.facts.fields_of(plan.cls).items():
            held = found.facts.annotated_module(field.annotation)
            if held is not None and held.local is not None and id(held.local.node) in kept:
                reason = f"the field `{name}` holds `{held.name}`, which stays Linen"
                refuse.add(plan, field.node, reason, f"see `{held.name}`")


def _wrap_all(found: FilePlan, users: Mapping[int, ClassPlan], untouched: Collection[str]) -> dict[int, ClassPlan]:
    """Wrap what has moved in every class that stays; those that cannot be wrapped, with the reason."""
    outside = frozenset(users)
    stuck: dict[int, ClassPlan] = {}
    for plan in found.native:
        for user in users.values():
            try:
                if user.name in untouched and any(references(user.cls, plan.cls, found.facts)):
                    reason = f"`{user.name}`, which stays Linen, was not shown to compute the same with it in a bridge"
                    raise Stuck(plan.cls.node, reason, f"see `{user.name}`")
                wrap(user, plan, found.plans, found.facts, outside)
            except Stuck as error:
                stuck[id(plan.cls.node)] = ClassPlan(plan.cls)
                refuse.add(stuck[id(plan.cls.node)], error.node, error.reason, error.advice)
                break
    for user in users.values():
        if user.bridges:
            user.slots.append({"same": True})
    return stuck
