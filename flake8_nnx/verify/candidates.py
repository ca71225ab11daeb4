"""Cases to try one after the other, and between them what those that were tried have shown.

A try that fails often says which sizes do not fit: then the same case is tried with one size in place of the other.
"""
from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from flake8_nnx.case import Case
from flake8_nnx.verify.inputs import like
from flake8_nnx.verify.misfit import Sizes, misfit
from flake8_nnx.verify.shapes import parse_shape

SIZE = re.compile(r"(?<=[\[,])\d+(?=[\],])")  # of an axis in a shape string
BEFORE_REPAIRS = 80  # cases to try as they come
MOST_FAILURES, MOST_REPAIRS, DEEPEST = 12, 90, 3
SMALLEST, LARGEST = 2, 512  # size to give because an error names it; of one element a sum or a norm shows nothing


@dataclass(frozen=True)
class Failure:
    """A case that failed, with the sizes that its error says should be one; `depth` sizes of it were changed already."""

    case: Case
    sizes: Sizes
    depth: int = 0


class Candidates:
    """Cases from a source, each once; the first failures are repaired where the error says how."""

    def __init__(self, source: Iterable[Case]) -> None:
        self._source = source
        self._sooner: deque[Case] = deque()
        self._failures: deque[Failure] = deque()
        self._repaired: Failure | None = None
        self._children: list[Failure] = []
        self._seen: list[Case] = []

    def __iter__(self) -> Iterator[Case]:
        for number, case in enumerate(self._source):
            if number == BEFORE_REPAIRS:
                yield from self._repairs()
            yield case
            while self._sooner:
                yield from self._new([self._sooner.popleft()])
        yield from self._repairs()

    def sooner(self, cases: Iterable[Case]) -> None:
        """Cases to try before the next one."""
        self._sooner.extend(cases)

    def failed(self, case: Case, error: BaseException) -> None:
        """What came of a case."""
        parent = self._repaired
        if parent is None and len(self._failures) < MOST_FAILURES:
            self._failures.append(Failure(case, misfit(error)))
        elif parent is not None and parent.depth < DEEPEST and (sizes := misfit(error)) != parent.sizes:
            self._children.append(Failure(case, sizes, parent.depth + 1))

    def _repairs(self) -> Iterator[Case]:
        left = MOST_REPAIRS
        while self._failures and left > 0:
            self._repaired, self._children = self._failures.popleft(), []
            for case in self._new(tied(self._repaired.case, self._repaired.sizes)):
                left -= 1
                yield case
            self._failures.extendleft(reversed(self._children))
        self._failures.clear()
        self._repaired = None

    def _new(self, cases: Iterable[Case]) -> Iterator[Case]:
        for case in cases:
            if case not in self._seen:
                self._seen.append(case)
                yield case


def tied(case: Case, sizes: Iterable[tuple[int, int]]) -> Iterator[Case]:
    """The case with sizes that should be one made so: one number of the constructor call, all of the inputs, or one of them."""
    for pair in sizes:
        if min(pair) < SMALLEST or max(pair) > LARGEST:
            continue
        for new, old in (pair, pair[::-1]):
            for match in re.finditer(rf"(?<![\w.]){old}(?![\w.])", case.init or ""):
                yield replace(case, init=f"{match.string[: match.start()]}{new}{match.string[match.end() :]}")
        for old, new in (pair, pair[::-1]):
            yield from _resized(case, old, new)


def _resized(case: Case, old: int, new: int) -> Iterator[Case]:
    """The case with this size of its inputs changed everywhere, or in one place."""
    places = 0

    def count(size: int) -> int:
        nonlocal places
        places += size == old
        return size

    with_sizes(case, count)
    if places:
        yield with_sizes(case, lambda size: new if size == old else size)
    for place in range(places) if places > 1 else ():
        here = iter(range(places))
        yield with_sizes(case, lambda size: new if size == old and next(here) == place else size)  # noqa: B023


def with_sizes(case: Case, change: Callable[[int], int], numbers: bool = False) -> Case:
    """The case with the sizes in its shape strings changed, and its plain numbers if wanted."""

    def changed(value: Any) -> Any:
        if isinstance(value, str) and parse_shape(value) is not None:
            return SIZE.sub(lambda match: str(change(int(match[0]))), value)
        if isinstance(value, (tuple, list)):
            return like(value, [changed(item) for item in value])
        if isinstance(value, dict):
            return {name: changed(item) for name, item in value.items()}
        return change(value) if numbers and type(value) is int else value

    return replace(case, args=changed(case.args), kwargs=changed(dict(case.kwargs)))
