"""`ast` nodes and libcst nodes of one text meet by UTF-8 byte span.

Both parsers leave parentheses and decorators out of a node's span, so each `ast` node has one libcst node of its kind there;
only the parentheses of a tuple belong to it in `ast` and not in libcst.
"""
from __future__ import annotations

import ast
import re
from bisect import bisect_left
from collections.abc import Iterable
from typing import TypeVar

Span = tuple[int, int]
Value = TypeVar("Value")


class Spans:
    """Byte spans of the `ast` nodes of one source text."""

    def __init__(self, source: str) -> None:
        lines = lines_of(source)
        self.data = source.encode()
        self.starts = [0]
        for line in lines:
            self.starts.append(self.starts[-1] + len(line.encode()))

    def of(self, node: ast.AST) -> Span:
        """(start, end) in bytes; decorators do not count, nor do the parentheses of a tuple."""
        start = self.starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]
        end = self.starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]
        inside = self.data[start + 1:end - 1]
        if isinstance(node, ast.Tuple) and self.data[start:start + 1] == b"(" and _is_tuple(inside):
            start += 1 + len(inside) - len(inside.lstrip())
            end -= 1 + len(inside) - len(inside.rstrip())
        return start, end

    def start_of_line(self, line: int) -> int:
        return self.starts[line - 1]

    def end_of_line(self, place: int) -> int:
        return self.starts[bisect_left(self.starts, place)]

    def keyed(self, items: Iterable[tuple[ast.AST, Value]]) -> dict[Span, Value]:
        return {self.of(node): value for node, value in items}


def inside(inner: Span, outer: Span) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def lines_of(source: str) -> list[str]:
    """The lines with their ends; form feeds do not end a line."""
    return re.split(r"(?<=\n)|(?<=\r)(?!\n)", source)


def _is_tuple(inside: bytes) -> bool:
    """Whether this is a tuple without its parentheses; `1), (2` is not."""
    try:
        return isinstance(ast.parse(b"(" + inside.strip() + b"\n)", mode="eval").body, ast.Tuple)
    except SyntaxError:
        return False
