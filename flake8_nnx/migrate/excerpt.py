"""A file with a name in place of each block that stays as it is: libcst takes its time, so it sees only what changes.

Left out are whole lines: blocks of the top level with the comments that belong to them, and the bodies of methods.
"""
from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import libcst as cst
from libcst.metadata.span_provider import SpanProvidingCodegenState

from flake8_nnx.migrate.spans import Span, lines_of

BLOCKS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef, ast.If, ast.For, ast.While, ast.With, ast.Try)


@dataclass(frozen=True)
class Excerpt:
    """The text that is left, and the blocks by the name that stands for each."""

    text: str
    blocks: dict[str, str]

    def whole(self, text: str) -> str:
        """What the text became, with the blocks in their places."""
        names = "|".join(self.blocks)
        return re.sub(rf"\b(?:{names})\b", lambda match: self.blocks[match[0]], text) if names else text

    def spans(self, module: cst.Module) -> dict[cst.CSTNode, Span]:
        """Where the nodes of the parsed excerpt stand in the whole text, in bytes."""
        state = _Places(module.default_indent, module.default_newline, self.blocks)
        module._codegen(state)
        return state.spans


def excerpt(source: str, tree: ast.Module, changes: Callable[[ast.stmt], bool]) -> Excerpt:
    """The file without the blocks that nothing `changes`: those of the top level, and the bodies of methods."""
    prefix = "kept_"
    while prefix in source:
        prefix = f"_{prefix}"
    lines = lines_of(source)
    blocks: dict[str, str] = {}
    text: list[str] = []
    done = 0
    for first, (last, column) in left_out(lines, tree, changes):
        after = lines[last - 1].encode()[column:].decode()  # a comment that ends the line is no part of the block
        block = "".join(lines[first - 1:last]).removesuffix(after)
        bare = block.lstrip(" \t")
        name = f"{prefix}{len(blocks)}_"
        text += [*lines[done:first - 1], block.removesuffix(bare), name, after]
        blocks[name], done = bare, last
    return Excerpt("".join([*text, *lines[done:]]), blocks)


def left_out(lines: list[str], tree: ast.Module, changes: Callable[[ast.stmt], bool]) -> Iterator[tuple[int, tuple[int, int]]]:
    """The first line of each block that may be left out, and where it ends."""
    for statement in tree.body:
        if isinstance(statement, BLOCKS) and not changes(statement):
            yield first_line(statement), with_comments(lines, end_of(statement))
        elif isinstance(statement, ast.ClassDef):
            for method in statement.body:
                if isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)) and not changes(method):
                    first = first_line(method.body[0])
                    if lines[first - 1].encode()[: method.body[0].col_offset].strip() in (b"", b"@"):
                        yield first, end_of(method)


def first_line(statement: ast.stmt) -> int:
    """The line of the first decorator, if there is one."""
    return min((node.lineno for node in getattr(statement, "decorator_list", ())), default=statement.lineno)


def end_of(statement: ast.stmt) -> tuple[int, int]:
    """Line and column, in bytes."""
    return statement.end_lineno or 0, statement.end_col_offset or 0


def with_comments(lines: list[str], end: tuple[int, int]) -> tuple[int, int]:
    """The end of a block with the indented comments that follow it."""
    for number, line in enumerate(lines[end[0]:], end[0] + 1):
        if line.strip() and (not line.lstrip().startswith("#") or line.startswith("#")):
            break
        end = (number, len(line.rstrip().encode())) if line.strip() else end
    return end


class _Places(SpanProvidingCodegenState):
    """Notes where nodes are written, as libcst's own provider does, whose wrapper would walk the tree a second time."""

    def __init__(self, indent: str, newline: str, blocks: dict[str, str]) -> None:
        super().__init__(indent, newline, provider=None)  # type: ignore[arg-type]
        self.lengths = {name: len(block.encode()) for name, block in blocks.items()}
        self.spans: dict[cst.CSTNode, Span] = {}

    def _update_position(self, value: str) -> None:
        self.position += self.lengths.get(value) or len(value.encode())

    def after_codegen(self, node: cst.CSTNode) -> None:
        self.spans.setdefault(node, (self._stack.pop(), self.position))

    @contextmanager
    def record_syntactic_position(
        self, node: cst.CSTNode, *, start_node: cst.CSTNode | None = None, end_node: cst.CSTNode | None = None
    ) -> Iterator[None]:
        start = self.position
        yield
        first = start if start_node is None else self.spans[start_node][0]
        self.spans[node] = first, self.position if end_node is None else self.spans[end_node][1]
