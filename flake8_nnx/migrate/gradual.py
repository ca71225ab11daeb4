"""Gradual migration: what can move moves, and a bridge stands wherever it meets what stays Linen, in whichever file."""
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from flake8_nnx.migrate import refuse
from flake8_nnx.migrate.model import ClassPlan, FilePlan
from flake8_nnx.migrate.project import Plans, names_of, together
from flake8_nnx.migrate.wrap import Stuck, classes_held, wrap
from flake8_nnx.source.linen import Facts


def plan_bridged(
    sources: Sequence[tuple[str, Facts]],
    without: Mapping[int, str] | None = None,
    untouched: Collection[int] = (),
    earlier: Sequence[Mapping[str, Any]] | None = None,
) -> list[FilePlan]:
    """Plan every Linen class of these files with bridges between those that move and those that stay.

    Args:
        without: classes that stay Linen, by the id of their node, with the reason.
        untouched: those of them that may not wrap anything either.
        earlier: for each file the variable maps of its classes that have moved before.

    Raises:
        SourceError: a file is nested too deeply to be followed.
    """
    every = {id(cls.node): cls for _, facts in sources for cls in facts.classes}
    kept: dict[int, ClassPlan] = {}
    for key, reason in (without or {}).items():
        kept[key] = ClassPlan(every[key])
        refuse.add(kept[key], every[key].node, reason)
    named = {key: names_of(cls) for key, cls in every.items()}
    while True:
        plans = Plans(kept, frozenset(every))
        found = [plans.of_file(source, facts) for source, facts in sources]
        for file, maps in zip(found, earlier or ()):
            file.earlier = maps
        together(found)
        for file in found:
            _check_holders(file, kept)
        run = [plan for file in found for plan in file.plans]
        refused = {id(plan.cls.node): ClassPlan(plan.cls, refusals=plan.refusals) for plan in run if plan.refusals}
        if refused.keys() == kept.keys():
            stuck = _wrap_all(run, refused, untouched, named)
            if not stuck:
                for file in found:
                    file.plans = [refused.get(id(plan.cls.node), plan) for plan in file.plans]
                together(found)
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
            held = field.facts.annotated_module(field.annotation)
            if held is not None and held.local is not None and id(held.local.node) in kept:
                reason = f"the field `{name}` holds `{held.name}`, which stays Linen"
                refuse.add(plan, field.node, reason, f"see `{held.name}`")


def _wrap_all(
    run: Sequence[ClassPlan], users: Mapping[int, ClassPlan], untouched: Collection[int], named: Mapping[int, Collection[int]]
) -> dict[int, ClassPlan]:
    """Wrap what has moved in every class that stays; those that cannot be wrapped, with the reason."""
    outside = frozenset(users)
    held = {key: classes_held(user.cls) for key, user in users.items()}
    stuck: dict[int, ClassPlan] = {}
    for plan in run:
        key = id(plan.cls.node)
        if plan.refusals:
            continue
        for user_key, user in users.items():
            if key not in named[user_key] and key not in held[user_key]:
                continue
            try:
                if user_key in untouched and key in named[user_key]:
                    reason = f"`{user.name}`, which stays Linen, was not shown to compute the same with it in a bridge"
                    raise Stuck(plan.cls.node, reason, f"see `{user.name}`")
                wrap(user, plan, run, outside)
            except Stuck as error:
                stuck[key] = ClassPlan(plan.cls)
                refuse.add(stuck[key], error.node, error.reason, error.advice)
                break
    for user in users.values():
        if user.bridges:
            user.slots.append({"same": True})
    return stuck
