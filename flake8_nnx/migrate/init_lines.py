"""The lines of `__init__` for what the trace of a class recorded: assignments, branches, loops and what they make.

A size that changes from turn to turn is carried along; the loops of the call run over the layers that were made.
"""
from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flake8_nnx.migrate import creations
from flake8_nnx.migrate.lines import bare
from flake8_nnx.source.choosers import Same
from flake8_nnx.source.events import Assignment, Branch, Trace
from flake8_nnx.source.features import WORD, events, site_sizes
from flake8_nnx.source.handed import fields_read
from flake8_nnx.source.values import Loop, Site, Static

if TYPE_CHECKING:
    from flake8_nnx.migrate.plan import Planner


def emit(planner: Planner, events: list[Any], level: int, loops: tuple[Loop, ...]) -> None:
    """Lines of `__init__` for these events; what turns out unneeded is pruned when the text is written."""
    for event in events:
        if isinstance(event, Site):
            creations.emit_site(planner, event, level)
        elif isinstance(event, Assignment):
            text = planner.functions(planner.spell(event.text) or "", event.node)
            if right_of(text) == "None" and any(f"self.{site.attribute}" in event.names for site in planner.trace.sites):
                text = f"{text[:-len('None')]}nnx.data(None)"  # a place for what may come after it
            left, _, right = text.partition(" = ")
            in_setup = event.node in planner.setup or event.names and event.names[0].startswith("self.")
            if left != right:
                planner.line(level, text, event.names, event.node if in_setup or event.node in planner.attributes.dead else None)
            if in_setup:
                planner.plan.removed.add(event.node)
                values = {name: Static(name) for name in planner.fields}
                for call in (node for node in ast.walk(event.node) if isinstance(node, ast.Call)):
                    planner.plan.asked |= fields_read(call, planner.facts, values) or frozenset()
        elif isinstance(event, Same):
            creations.emit_same(planner, event, level)
        elif isinstance(event, Branch):
            emit_branch(planner, event, level, loops)
        elif isinstance(event, Loop):
            emit_loop(planner, event, level, loops)


def emit_branch(planner: Planner, event: Branch, level: int, loops: tuple[Loop, ...]) -> None:
    if not event.body and not event.orelse:
        return
    planner.line(level, f"if {planner.functions(planner.spell(event.test) or '', event.node.test)}:", (), event.node)
    emit(planner, event.body, level + 1, loops)
    body, orelse = (planner.attributes.appended(events, loops) for events in (event.body, event.orelse))
    without(planner, body, orelse, level + 1)
    if event.orelse or body - orelse.keys():
        planner.line(level, "else:")
        emit(planner, event.orelse, level + 1, loops)
        without(planner, orelse, body, level + 1)


def without(planner: Planner, made: Mapping[str, Site], other: Mapping[str, Site], level: int) -> None:
    """`None` for what only the other branch makes: the loop of the call runs over all lists side by side."""
    last = planner.plan.init[-1]
    if last.level == level and last.text.startswith("raise "):
        return
    for name in (name for name in other if name not in made):
        planner.line(level, f"{name}.append(None)")


def emit_loop(planner: Planner, event: Loop, level: int, loops: tuple[Loop, ...]) -> None:
    for site in planner.attributes.lists(event, len(loops)):
        name = planner.attributes.list_at(site, len(loops))
        if site.place is None or site.place[1] < site.place[0]:  # else it has elements already
            planner.line(level, f"{name} = nnx.List([])")
    for carry, (before, _) in event.carried.items():
        first = planner.spell(before)
        carry_on(planner, level, carry, first or opened_carry(planner, carry, event))
        if first in [size.name for size in planner.sizes if not size.whole] and not loops:
            tell_carry(planner, carry, event, first or "")
    iterable = planner.functions(planner.spell(event.iterable) or "", event.node.iter)
    planner.line(level, f"for {event.target} in {iterable}:", (), event.node if isinstance(event.node, ast.For) else None)
    emit(planner, event.body, level + 1, (*loops, event))
    for site in planner.attributes.inner_lists(event, len(loops)):
        outer, inner = planner.attributes.list_at(site, len(loops)), planner.attributes.list_at(site, len(loops) + 1)
        planner.line(level + 1, f"{outer}.append({inner})")
    for carry, (_, after) in event.carried.items():
        if planner.spell(after) is None:
            planner.lost[carry] = event.node
        carry_on(planner, level + 1, carry, planner.spell(after))
    rewrite_loop(planner, event, len(loops))


def opened_carry(planner: Planner, name: str, loop: Loop) -> str | None:
    """A parameter for the size before the loop, where the source does not tell it: that of the first layer to use it."""
    for site, size in carried_by(planner, name, loop):
        own = f"{planner.attributes.stems[site]}_{size}"
        if own not in planner.open.taken:
            planner.open.opened[own] = "size"
            planner.open.tell(site, size, own)
            return own
    planner.lost[name] = loop.node
    return None


def tell_carry(planner: Planner, name: str, loop: Loop, parameter: str) -> None:
    """The first turn tells the size that the loop begins with, by the first layer to use it."""
    for site, size in carried_by(planner, name, loop)[:1]:
        planner.open.tell(site, size, parameter)


def carried_by(planner: Planner, name: str, loop: Loop) -> list[tuple[Site, str]]:
    """The sites in a loop that are given the size that it carries, and as what."""
    sites = [site for site in planner.attributes.in_loop(loop, 0) if site.ref is not None]
    return [(site, size) for site in sites for size, text in site_sizes(site).items() if planner.spell(text) == name]


def check_lost(planner: Planner) -> None:
    """A size that nobody knows after a turn of its loop may not be used, nor one of another loop than what needs it."""
    carries = {*planner.carries}
    for line in planner.plan.init:
        unknown = carries.intersection(WORD.findall(line.text)).difference(line.names)
        if unknown and line.names and planner.carries.keys() >= {*line.names}:
            continue  # told by another that is not known: whoever needs it is found below
        if unknown:
            planner.refuse(planner.cls.node, f"the size `{min(unknown)}` cannot be told where a layer is made that needs it")
            return
        carries -= {*line.names}
    for name, node in planner.lost.items():
        used = (line for line in planner.plan.init if name not in line.names and name in WORD.findall(line.text))
        if next(used, None) is not None:
            planner.refuse(node, f"the size `{name}` after a turn of the loop cannot be told from the source")


def carried_sizes(found: Trace) -> tuple[dict[str, set[str]], dict[Site, set[str]]]:
    """The sizes that loops carry, with the words of what they are after a turn; for each site those of loops that begin later.

    A loop of the call begins after what setup makes.
    """
    carried = [item for event in events(found.events) for item in getattr(event, "carried", {}).items()]
    every = {carry: set(WORD.findall(str(after))) for carry, (_, after) in carried}
    later: dict[Site, set[str]] = {}
    begun: set[str] = set()
    for event in events(found.events) if every else ():
        if isinstance(event, Site):
            later[event] = every.keys() - begun
        begun |= {*getattr(event, "carried", {})}
    return every, later


def carry_on(planner: Planner, level: int, name: str, size: str | None) -> None:
    """A size that changes from turn to turn."""
    if size != name:
        planner.line(level, f"{name} = {bare(size or '')}", (name,))


def rewrite_loop(planner: Planner, event: Loop, depth: int) -> None:
    """In the call, the loop runs over the layers that `__init__` made for it."""
    sites = planner.attributes.in_loop(event, depth)
    node = event.node
    if not sites or any(s.method == "setup" for s in sites):
        return
    items = list(dict.fromkeys(planner.attributes.item(site, depth) for site in sites))
    lists = list(dict.fromkeys(planner.attributes.list_at(site, depth) for site in sites))
    targets = [n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)]
    if planner.attributes.used_in_call(event, targets):
        target = planner.text.segment(node.target, {})
        target = f"({target})" if isinstance(node.target, ast.Tuple) and not target.startswith("(") else target
        iterable = planner.functions(planner.text.segment(node.iter, {}), node.iter)
        items, lists = [target, *items], [iterable, *lists]
    planner.plan.expressions[node.target] = ", ".join(items)
    planner.plan.expressions[node.iter] = lists[0] if len(lists) == 1 else f"zip({', '.join(lists)})"


def right_of(assignment: str) -> str:
    return assignment.rpartition(" = ")[2]
