"""Random keys: each key that is consumed is a leaf, and the leaves of both programs are paired one to one.

The claim is equality as random functions: given independent keys from the streams, both programs have the same
distribution, and the same results when paired keys are given the same value. A pairing is sound if, in each program
by itself, the consumed keys are certainly different and none is derived from another, and paired keys vary with the
same loops.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from flake8_nnx.verify.prove import views
from flake8_nnx.verify.prove.table import Table


class Step(NamedTuple):
    """One derivation: child number `child` of a key, by fold_in, by split, or by taking an element of an array of keys.

    fold_in(k, i) and split(k, n)[i] are the same number in JAX's default generator, so they are the same step.

    Attributes:
        kind: "index" for a known child, "count" for a counter plus a known number, "loop" and "all" for every element
            of an array of keys, by the iterations of a loop or all at once.
        base: the counter, or the loop level.
    """

    kind: str
    base: int = 0
    child: int = 0

    def distinct_from(self, other: "Step") -> bool:
        """Whether the two children of one key are certainly different keys."""
        if self.kind == other.kind == "index" or self.kind == other.kind == "count" and self.base == other.base:
            return self.child != other.child
        return False


@dataclass(frozen=True)
class Path:
    """How a key is derived from a key that a stream holds.

    Attributes:
        axes: for each axis of an array of keys, the place in `steps` that it ranges over; None for an axis of size 1.
    """

    root: int
    steps: tuple[Step, ...]
    axes: tuple[int | None, ...]

    def loops(self) -> int:
        """Bit mask of the loop levels whose every iteration has its own key."""
        mask = 0
        for step in self.steps:
            if step.kind == "loop":
                mask |= 1 << step.base
        return mask


class Refused(Exception):
    """Why keys cannot be paired."""


def path(table: Table, key: int, roots: frozenset[int]) -> Path | None:
    """The derivation of a key from one of the roots; None if it is derived in a way that may repeat keys."""
    chain = []
    while key not in roots:
        node = table.nodes[key]
        if node.op not in _DERIVATIONS:
            return None
        chain.append(key)
        key = node.operands[0]
    places = iter(range(len(table.shape(key))))
    axes = tuple(None if dim == 1 else next(places) for dim in table.shape(key))
    found: Path | None = Path(key, tuple(Step("all") for axis in axes if axis is not None), axes)
    for derived in reversed(chain):
        found = found and _DERIVATIONS[table.nodes[derived].op](table, derived, found)
    return found


def _fold_in(table: Table, key: int, parent: Path) -> Path | None:
    node = table.nodes[key]
    if table.shape(node.operands[0]) != node.shape:
        return None  # one key folded with an array: whether its elements differ is not known
    step = _counted(table, node.operands[1])
    return None if step is None else Path(parent.root, (*parent.steps, step), parent.axes)


def _counted(table: Table, data: int) -> Step | None:
    """What is folded in: a known number, or a counter held by a stream plus a known number."""
    offset = 0
    while True:
        node = table.nodes[data]
        if node.op == "const":
            value = node.param("value")
            return None if value is None else Step("index", 0, (value + offset) % 2**32)
        if views.is_layout(table, data) or node.op == "view" and table.shape(node.operands[0]) == ():
            data = node.operands[0]
        elif node.op == "convert_element_type" and table.dtype(node.operands[0]) in ("int32", "uint32"):
            data = node.operands[0]
        elif node.op == "add":
            amounts = [table.nodes[operand].param("value") for operand in node.operands]
            known = [k for k, amount in enumerate(amounts) if amount is not None]
            if len(known) != 1:
                return None
            offset += amounts[known[0]]
            data = node.operands[1 - known[0]]
        elif node.op in ("input", "element"):
            return Step("count", data, offset)
        else:
            return None


def _split(table: Table, key: int, parent: Path) -> Path | None:
    node = table.nodes[key]
    own = len(table.shape(node.operands[0]))
    axes, steps = list(parent.axes), list(parent.steps)
    new = node.shape[own:]
    if len([dim for dim in new if dim != 1]) > 1:
        return None
    if all(dim == 1 for dim in new):
        steps.append(Step("index", 0, 0))
        return Path(parent.root, tuple(steps), (*axes, *(None for _ in new)))
    steps.append(Step("all"))
    return Path(parent.root, tuple(steps), (*axes, *(None if dim == 1 else len(steps) - 1 for dim in new)))


def _slice(table: Table, key: int, parent: Path) -> Path | None:
    node = table.nodes[key]
    place = parent.axes[node.param("axis")]
    if place is None or parent.steps[place].kind != "all":
        return None
    if node.param("limit") - node.param("start") != 1:
        return None
    return _at(parent, place, Step("index", 0, node.param("start")), None, node.param("axis"))


def _element(table: Table, key: int, parent: Path) -> Path | None:
    place = parent.axes[0]
    if place is None:
        return None
    found = _at(parent, place, Step("loop", table.nodes[key].param("level")), None, 0)
    return Path(found.root, found.steps, found.axes[1:])


def _at(parent: Path, place: int, step: Step, axis_place: int | None, axis: int) -> Path:
    steps = (*parent.steps[:place], step, *parent.steps[place + 1 :])
    axes = (*parent.axes[:axis], axis_place, *parent.axes[axis + 1 :])
    return Path(parent.root, steps, axes)


def _view(table: Table, key: int, parent: Path) -> Path | None:
    node = table.nodes[key]
    if any(axis is None and dim != 1 for axis, dim in zip(node.param("axes"), node.shape)):
        return None  # keys repeated along an axis
    return Path(parent.root, parent.steps, tuple(None if a is None else parent.axes[a] for a in node.param("axes")))


_DERIVATIONS: dict[str, Any] = {
    "random_fold_in": _fold_in,
    "random_split": _split,
    "slice1": _slice,
    "element": _element,
    "view": _view,
}


def check_independent(table: Table, keys: Iterable[int], roots: frozenset[int], side: str) -> dict[int, Path]:
    """The paths of the keys that one program consumes, all certainly different and none derived from another.

    Raises:
        Refused: that cannot be shown.
    """
    paths: dict[int, Path] = {}
    tree: dict[Any, Any] = {}
    for key in sorted(set(keys)):
        found = path(table, key, roots)
        if found is None:
            raise Refused(f"the {side} program derives a random key in a way that may repeat keys: {table.spell(key)}")
        if found.loops() != table.free(key):
            raise Refused(f"the {side} program carries a random key through a loop: {table.spell(key)}")
        paths[key] = found
        node = tree.setdefault(found.root, {})
        for step in found.steps:
            if None in node:
                raise Refused(f"the {side} program draws from a random key and derives others from it")
            for other in node:
                if other != step and not step.distinct_from(other):
                    raise Refused(f"the {side} program may use one random key twice: {table.spell(key)}")
            node = node.setdefault(step, {})
        if node:
            raise Refused(f"the {side} program may use one random key twice: {table.spell(key)}")
        node[None] = key
    return paths


def check_pairs(table: Table, pairs: Mapping[int, int], old_roots: frozenset[int], new_roots: frozenset[int]) -> None:
    """Whether the pairs, new key to old key, make both programs the same random function.

    Raises:
        Refused: a condition fails; the reason says which.
    """
    if len(set(pairs.values())) != len(pairs):
        raise Refused("one random key of the old program would stand for two of the new program")
    new = check_independent(table, pairs, new_roots, "new")
    old = check_independent(table, pairs.values(), old_roots, "old")
    for after, before in pairs.items():
        if table.shape(after) != table.shape(before) or table.dtype(after) != table.dtype(before):
            raise Refused("paired random keys differ in shape or kind")
        if new[after].loops() != old[before].loops():
            raise Refused("a random key is new in each iteration in one program and shared by all of them in the other")


class InOrder(dict[int, int]):
    """New key to old key, filled while the new program is written: its n-th key from a stream is the old one's n-th."""

    def __init__(self, table: Table, roots: frozenset[int], old: Iterable[int]) -> None:
        self._table, self._roots, self._waiting = table, roots, iter(old)

    def get(self, key: int, default: Any = None) -> Any:
        """The old key for a new one, the next that waits if it has none yet; anything else stays what it is."""
        if key not in self and any(value in self._roots for value in self._table.below(key)):
            old = next(self._waiting, None)
            if old is not None:
                self[key] = old
        return super().get(key, default)


def not_advanced(table: Table, counters: Mapping[int, int], paths: Iterable[Path]) -> int | None:
    """A counter that a key was derived from and that does not end up beyond it, so that the next call repeats the key.

    Args:
        counters: value of each counter after the program, by its leaf. Unknown counters are left alone.
    """
    for found in paths:
        for step in found.steps:
            if step.kind == "count" and step.base in counters:
                after = _counted(table, counters[step.base])
                if after is None or after.kind != "count" or after.base != step.base or after.child <= step.child:
                    return step.base
    return None


def drawn(table: Table, consumed: Iterable[int], roots: frozenset[int], results: Iterable[int]) -> list[int]:
    """The consumed keys that come from the given roots and matter to the results, once each, in order of first use."""
    needed = set(table.below(*results))
    return [key for key in dict.fromkeys(consumed) if key in needed and any(v in roots for v in table.below(key))]
