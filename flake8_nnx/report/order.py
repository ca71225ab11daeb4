"""The order of a migration: classes that nothing else of the code base stands under first, cycles as one step.

A class can move when what it constructs has moved; those that still use it wrap it with `nnx.bridge.ToLinen` until then.
"""
from __future__ import annotations

from collections.abc import Sequence

import networkx as nx

from flake8_nnx.report.model import STATES, ClassEntry, Step

RANK = {state: number for number, state in enumerate(STATES)}


def graph(classes: Sequence[ClassEntry]) -> nx.DiGraph:
    """An edge from each class to each that it needs; classes of other code bases are left out."""
    known = {entry.id for entry in classes}
    found = nx.DiGraph()
    found.add_nodes_from(entry.id for entry in classes)
    found.add_edges_from((entry.id, other) for entry in classes for other in entry.depends if other in known)
    return found


def levels(classes: Sequence[ClassEntry]) -> dict[str, int]:
    """How many classes stand under each at most, a cycle counted as one."""
    whole = nx.condensation(graph(classes))
    found: dict[str, int] = {}
    for part in reversed(list(nx.topological_sort(whole))):
        height = max((found[next(iter(whole.nodes[below]["members"]))] + 1 for below in whole.successors(part)), default=0)
        found.update(dict.fromkeys(whole.nodes[part]["members"], height))
    return found


def steps(classes: Sequence[ClassEntry]) -> tuple[Step, ...]:
    """What is left to do, in an order that can be done: by level, the easier first within one."""
    by_id = {entry.id: entry for entry in classes}
    uses = graph(classes)
    height = levels(classes)
    left = [sorted(part) for part in nx.strongly_connected_components(uses)]
    left = [part for part in left if any(by_id[name].state != "nnx" for name in part)]
    left.sort(key=lambda part: (height[part[0]], max(RANK[by_id[name].state] for name in part), part[0]))
    place = {name: number for number, part in enumerate(left) for name in part}
    made = []
    for number, part in enumerate(left):
        users = {user for name in part for user in uses.predecessors(name) if place.get(user, -1) > number}
        minutes = sum(by_id[name].minutes for name in part)
        made.append(Step(number + 1, tuple(part), tuple(sorted(users)), minutes))
    return tuple(made)
