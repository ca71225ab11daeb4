"""Which sizes an error says do not fit: those that a failed comparison in the source has on its two sides, or its message names.

The comparison is an assertion, or the condition of an `if` that raises.
"""
from __future__ import annotations

import ast
import functools
import linecache
import re
import traceback
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from flake8_nnx.verify.shapes import BATCH_SIZE

Sizes = tuple[tuple[int, int], ...]
MOST_NUMBERS = 6  # in a message; of more nobody knows which belong together


def misfit(error: BaseException) -> Sizes:
    """Pairs of sizes that should be one, the likeliest first."""
    try:
        found = _compared(error)
    except Exception:  # what the user's code holds may do anything
        found = ()
    found = found or _named(str(error))
    whole = [pair for pair in found if pair[0] % BATCH_SIZE == 0 == pair[1] % BATCH_SIZE]
    return (*found, *((one // BATCH_SIZE, other // BATCH_SIZE) for one, other in whole))  # products with the batch


def _named(message: str) -> Sizes:
    numbers = list(dict.fromkeys(int(text) for text in re.findall(r"(?<![\w.])\d{1,6}(?![\w.]\w)", message)))
    return tuple(combinations(numbers, 2)) if len(numbers) <= MOST_NUMBERS else ()


def _compared(error: BaseException) -> Sizes:
    """The numbers on both sides of what was compared where the error was raised."""
    frames = list(traceback.walk_tb(error.__traceback__))
    if not frames:
        return ()
    frame, line = frames[-1]
    found: dict[tuple[int, int], None] = {}
    for comparison in _comparisons(frame.f_code.co_filename, line):
        left, right = (
            eval(compile(ast.Expression(side), "<side>", "eval"), frame.f_globals, frame.f_locals)  # noqa: S307
            for side in (comparison.left, comparison.comparators[0])
        )
        found.update(dict.fromkeys(_unequal(left, right)))
    return tuple(found)


def _unequal(left: Any, right: Any) -> Iterator[tuple[int, int]]:
    if isinstance(left, int) and isinstance(right, int) and left != right:
        yield int(left), int(right)
    if isinstance(left, (tuple, list)) and isinstance(right, (tuple, list)) and len(left) == len(right):
        for one, other in zip(left, right):
            yield from _unequal(one, other)


def _comparisons(file: str, line: int) -> list[ast.Compare]:
    """The comparisons for equality of an assertion in this line, or of the `if` around a `raise` in it."""
    found: list[ast.Compare] = []
    for node in ast.walk(_parsed(file)):
        if isinstance(node, ast.Assert) and node.lineno <= line <= (node.end_lineno or 0):
            found = _equalities(node.test, ast.Eq)
        elif isinstance(node, ast.If) and any(
            isinstance(inside, ast.Raise) and inside.lineno <= line <= (inside.end_lineno or 0) for inside in node.body
        ):
            found = _equalities(node.test, ast.NotEq)
    return found


def _equalities(test: ast.expr, kind: type[ast.cmpop]) -> list[ast.Compare]:
    nodes = [node for node in ast.walk(test) if isinstance(node, ast.Compare)]
    return [node for node in nodes if len(node.ops) == 1 and isinstance(node.ops[0], kind)]


@functools.lru_cache(maxsize=8)
def _parsed(file: str) -> ast.Module:
    try:
        return ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return ast.Module([], [])
