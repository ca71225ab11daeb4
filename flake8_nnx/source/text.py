"""Source text of expressions with some of their parts exchanged.

Where the file's text is at hand its spelling is kept; otherwise `ast.unparse` writes it.
"""
from __future__ import annotations

import ast
import functools
import re
from collections.abc import Mapping


class SourceText:
    """The text of one file by `ast` position (columns are UTF-8 bytes)."""

    def __init__(self, source: str | None) -> None:
        self.lines = None if source is None else _lines(source)

    def segment(self, node: ast.AST, swaps: Mapping[int, str]) -> str:
        """Source of `node` with the nodes in `swaps` (by id) replaced by the given text."""
        if id(node) in swaps:
            return swaps[id(node)]
        if isinstance(node, ast.Name):
            return node.id
        if self.lines is not None and not hasattr(node, "lineno"):  # made of parts that have a place
            return _unparsed(node, {id(part): self.segment(part, swaps) for part in _parts(node)})
        if self.lines is None:
            return repr(node.value) if isinstance(node, ast.Constant) and node.value is not ... else _unparsed(node, swaps)
        pieces, position = [], _start(node)
        for swapped, text in _outermost(node, swaps) if swaps else ():
            pieces += [self._between(position, _start(swapped)), text]
            position = _end(swapped)
        pieces.append(self._between(position, _end(node)))
        result = "".join(pieces)
        if "\n" not in result and "\r" not in result:
            return result
        if "#" in result or "\\" in result or '"""' in result or "'''" in result:
            return _unparsed(node, swaps)  # comments are moved by the rewriter, one-line text has no room for them
        result = re.sub(r"\s*\n\s*(?=\.\w)", "", result.replace("\r", ""))  # methods called in a chain
        result = re.sub(r"\s*\n\s*", " ", result)
        return re.sub(r",? ([)\]}])", r"\1", re.sub(r"([(\[{]) ", r"\1", result))

    def block(self, node: ast.stmt, swaps: Mapping[int, str]) -> str:
        """Source of a statement of several lines, with its comments, as it stands without indentation."""
        if self.lines is None:
            return _unparsed(node, swaps)
        pieces, position = [], _start(node)
        for swapped, text in _outermost(node, swaps):
            pieces += [self._between(position, _start(swapped)), text]
            position = _end(swapped)
        line, column = _end(node)
        comment = self.lines[line - 1][column:].decode().rstrip()
        pieces += [self._between(position, (line, column)), comment if comment.strip().startswith("#") else ""]
        first, *rest = "".join(pieces).replace("\r", "").split("\n")
        margin = node.col_offset
        return "\n".join([first, *(line[margin:] if line[:margin].isspace() else line for line in rest)])

    def unparsed(self, node: ast.AST, swaps: Mapping[int, str]) -> str:
        """The same over several lines, in the spelling of `ast.unparse` and indented as in the file."""
        text = _unparsed(node, swaps)
        if "\n" not in text or '"""' in text or "'''" in text:  # lines of strings do not move
            return text
        step = self._step(node)
        return re.sub(r"^(?:    )+", lambda spaces: step * (len(spaces[0]) // 4), text, flags=re.MULTILINE)

    def _step(self, node: ast.AST) -> str:
        """By how much the body of a compound statement is indented."""
        first = next(iter(getattr(node, "body", ())), None)
        if self.lines is None or first is None or first.lineno == node.lineno:  # type: ignore[attr-defined]
            return "    "
        inner = self.lines[first.lineno - 1][: first.col_offset].decode()
        return inner[node.col_offset:] if inner.isspace() else "    "  # type: ignore[attr-defined]

    def has_comment(self, first: int, last: int) -> bool:
        """Whether something in these lines may be a comment."""
        return self.lines is None or any(b"#" in line for line in self.lines[first - 1:last])

    def line_of(self, keyword: str, first: int, last: int) -> int:
        """The first of these lines that starts with a keyword and a colon; 0 where none does."""
        lines = enumerate(self.lines[first - 1:last] if self.lines is not None else [], first)
        return next((number for number, line in lines if line.split(b":")[0].strip() == keyword.encode()), 0)

    def _between(self, start: tuple[int, int], end: tuple[int, int]) -> str:
        assert self.lines is not None
        if start[0] == end[0]:
            return self.lines[start[0] - 1][start[1]:end[1]].decode()
        middle = self.lines[start[0]:end[0] - 1]
        return b"".join([self.lines[start[0] - 1][start[1]:], *middle, self.lines[end[0] - 1][:end[1]]]).decode()


@functools.lru_cache(maxsize=2)
def _lines(source: str) -> list[bytes]:
    """Only \\n, \\r\\n and \\r end a line for the parser; form feeds do not."""
    return [line.encode() for line in re.split(r"(?<=\n)|(?<=\r)(?!\n)", source)]


def _start(node: ast.AST) -> tuple[int, int]:
    return node.lineno, node.col_offset  # type: ignore[attr-defined]


def _end(node: ast.AST) -> tuple[int, int]:
    return node.end_lineno, node.end_col_offset  # type: ignore[attr-defined]


def _dotted(node: ast.AST) -> str:
    """`self.config.size`, by far the most frequent; empty for anything but names and attributes."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(names)]) if isinstance(node, ast.Name) else ""


def _parts(node: ast.AST) -> list[ast.AST]:
    """The nodes below one without a place that have one."""
    below = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
    return [part for child in below for part in ([child] if hasattr(child, "lineno") else _parts(child))]


def _outermost(node: ast.AST, swaps: Mapping[int, str]) -> list[tuple[ast.AST, str]]:
    """Swapped nodes in source order, without those inside another swapped node."""
    found, stack = [], [node]
    while stack:
        current = stack.pop()
        if id(current) in swaps:
            found.append((current, swaps[id(current)]))
        else:
            stack.extend(ast.iter_child_nodes(current))
    return sorted(found, key=lambda item: _start(item[0]))


def _unparsed(node: ast.AST, swaps: Mapping[int, str]) -> str:
    if not swaps:
        return _dotted(node) or ast.unparse(node)

    def copy(value: object) -> object:
        if isinstance(value, ast.AST):
            if id(value) in swaps:
                return ast.Name(id=swaps[id(value)], ctx=ast.Load())
            same = type(value)(**{name: copy(getattr(value, name, None)) for name in value._fields})
            return ast.copy_location(same, value) if hasattr(value, "lineno") else same
        return [copy(item) for item in value] if isinstance(value, list) else value

    return ast.unparse(copy(node))  # type: ignore[arg-type]
