"""Joins: what is known of a value after two branches, either of which may have run.

Sizes choose by the test where `__init__` knows it; layers become one of several.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flake8_nnx.source.optional import either_tuple
from flake8_nnx.source.precedence import bound
from flake8_nnx.source.values import GRAPH_PARTS, Array, Graph, Items, Joined, Module, Static, Unknown, either

if TYPE_CHECKING:
    from flake8_nnx.source.trace import Tracer


def join(tracer: Tracer, a: Any, b: Any, test: str | None) -> Any:
    """What is known when either value may hold; with a static test, sizes choose by it."""
    if a == b:
        return a if getattr(a, "text", None) == getattr(b, "text", None) else replace(a, text=None)
    if isinstance(a, Array) and isinstance(b, Array):
        axes = {}
        for axis in {1, *a.axes, *b.axes}:
            x, y = a.size(axis), b.size(axis)
            axes[axis] = x if x == y else None if test is None or None in (x, y) else f"({x} if {test} else {y})"
        rank = a.rank or b.rank if None in (a.rank, b.rank) or a.rank == b.rank else None
        return Array(a.base if a.base == b.base else None, axes, rank)
    if isinstance(a, Array) or isinstance(b, Array):
        array, other = (a, b) if isinstance(a, Array) else (b, a)
        return Unknown() if isinstance(other, Items) else replace(array, text=None)
    if isinstance(a, Graph) and isinstance(b, Graph):
        return Graph(*(join(tracer, getattr(a, part), getattr(b, part), test) for part in GRAPH_PARTS))
    tuples = either_tuple(a, b, lambda x, y: join(tracer, x, y, test))
    if tuples is not None:
        return tuples
    if isinstance(a, Joined) and b == Static("None") and test is not None:
        return replace(a, test=test)
    choice = either(a, b)
    if choice is not None:
        return choice
    if isinstance(a, Module) and b == Static("None") and test is not None and tracer.method == "setup":
        a.site.choice = test
        return a
    for made, given, absent in ((a, b, " is None"), (b, a, " is not None")):
        if isinstance(made, Module) and isinstance(given, Static) and test and test.endswith(absent):
            return made  # a layer where none is given: the one that is given returns arrays of the same sizes
    if isinstance(a, Unknown) or isinstance(b, Unknown) or test is None:
        return Unknown()
    if isinstance(a, Static) and isinstance(b, Static):
        return Static(f"({bound(a.text, 2)} if {bound(test, 2)} else {b.text})")
    return Unknown()


def joined_attributes(old: Mapping[str, Any], a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    """Attributes after one of two branches."""
    changed = {name: value for name, value in a.items() if name not in old or old[name] is not value}
    choices = {name: either(value, b[name]) for name, value in changed.items() if name in b}
    kept = {name: value for name, value in changed.items() if name not in b or b[name] is old.get(name)}
    return {**b, **kept, **{name: value for name, value in choices.items() if value is not None}}
