"""`ast` nodes and libcst nodes of one text meet by UTF-8 byte span.

Both parsers leave parentheses and decorators out of a node's span, so each `ast` node has one libcst node of its kind there.
"""
from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import TypeVar

Span = tuple[int, int]
Value = TypeVar("Value")


class Spans:
    """Byte spans of the `ast` nodes of one source text."""

    def __init__(self, source: str) -> None:
        lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", source)  # form feeds do not end a line
        self.starts = [0]
        for line in lines:
            self.starts.append(self.starts[-1] + len(line.encode()))

    def of(self, node: ast.AST) -> Span:
        """(start, end) in bytes; decorators do not count."""
        return (
            self.starts[node.lineno - 1] + node.col_offset,  # type: ignore[attr-defined]
            self.starts[node.end_lineno - 1] + node.end_col_offset,  # type: ignore[attr-defined]
        )

    def keyed(self, items: Iterable[tuple[ast.AST, Value]]) -> dict[Span, Value]:
        return {self.of(node): value for node, value in items}
