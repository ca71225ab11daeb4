"""A file with a name in place of each block that stays as it is: libcst takes its time, so it sees only what changes.

Left out are whole lines: blocks of the top level, bodies of methods and, in what changes, the statements between the changes,
with the comments that belong to them.
"""
from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import MappingProxyType

import libcst as cst
from libcst.metadata.span_provider import SpanProvidingCodegenState

from flake8_nnx.migrate.spans import Span, lines_of

Test = Callable[[ast.stmt], bool]
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
BLOCKS = (ast.ClassDef, *FUNCTIONS, ast.If, ast.For, ast.While, ast.With, ast.Try)
Block = tuple[int, tuple[int, int]]  # the first line, and where it ends: line and column, in bytes


@dataclass(frozen=True)
class Excerpt:
    """The text that is left, and the blocks by the name that stands for each; those begin with the prefix."""

    text: str
    blocks: dict[str, str]
    prefix: str

    def name(self, number: int) -> str:
        return f"{self.prefix}{number}_"

    def whole(self, text: str, new: Mapping[str, str] = MappingProxyType({})) -> str:
        """What the text became, with the blocks and new ones in their places."""
        blocks = {**self.blocks, **new}
        return re.sub(rf"\b{self.prefix}\d+_\b", lambda match: blocks[match[0]], text)

    def spans(self, module: cst.Module) -> dict[cst.CSTNode, Span]:
        """Where the nodes of the parsed excerpt stand in the whole text, in bytes."""
        state = _Places(module.default_indent, module.default_newline, self.blocks)
        module._codegen(state)
        return state.spans


def excerpt(source: str, tree: ast.Module, changes: Test, moves: Test) -> Excerpt:
    """The file without what nothing `changes`; a statement that `moves`, or goes, takes along all that is inside of it."""
    prefix = "kept_"
    while prefix in source:
        prefix = f"_{prefix}"
    lines = lines_of(source)
    part = Excerpt("", {}, prefix)
    text: list[str] = []
    done = 0
    for first, (last, column) in left_out(lines, tree, changes, moves):
        after = lines[last - 1].encode()[column:].decode()  # a comment that ends the line is no part of the block
        block = "".join(lines[first - 1:last]).removesuffix(after)
        bare = block.lstrip(" \t")
        name = part.name(len(part.blocks))
        text += [*lines[done:first - 1], block.removesuffix(bare), name, after]
        part.blocks[name], done = bare, last
    return replace(part, text="".join([*text, *lines[done:]]))


def left_out(lines: list[str], tree: ast.Module, changes: Test, moves: Test) -> Iterator[Block]:
    """What may be left out, in order."""
    for statement in tree.body:
        if isinstance(statement, BLOCKS) and not changes(statement):
            yield first_line(statement), with_comments(lines, statement)
        elif isinstance(statement, ast.ClassDef):
            for method in statement.body:
                if isinstance(method, FUNCTIONS) and not changes(method):
                    if begins_line(lines, method.body[0]):
                        yield first_line(method.body[0]), end_of(method)
                elif isinstance(method, FUNCTIONS) and not moves(method):
                    yield from between(lines, method.body, changes, moves)
        elif isinstance(statement, FUNCTIONS) and not moves(statement):
            yield from between(lines, statement.body, changes, moves)


def between(lines: list[str], statements: Sequence[ast.stmt], changes: Test, moves: Test) -> Iterator[Block]:
    """What may be left out of the statements of a function or block that changes."""
    for change, group in itertools.groupby(statements, changes):
        several = [*group]
        if change:
            for statement in several:
                if not moves(statement):
                    for body in bodies(statement):
                        yield from between(lines, body, changes, moves)
        elif begins_line(lines, several[0]) and ends_line(lines, several[-1]):
            yield first_line(several[0]), with_comments(lines, several[-1])


def bodies(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The blocks of a compound statement, in order."""
    if not isinstance(statement, ast.ClassDef):
        parts = [*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())]
        yield from (body for body in [getattr(statement, "body", ()), *(part.body for part in parts)] if body)
        yield from (body for name in ("orelse", "finalbody") if (body := getattr(statement, name, ())))


def begins_line(lines: list[str], statement: ast.stmt) -> bool:
    return lines[first_line(statement) - 1].encode()[: statement.col_offset].strip() in (b"", b"@")


def ends_line(lines: list[str], statement: ast.stmt) -> bool:
    last, column = end_of(statement)
    return lines[last - 1].encode()[column:].strip()[:1] in (b"", b"#")


def first_line(statement: ast.stmt) -> int:
    """The line of the first decorator, if there is one."""
    return min((node.lineno for node in getattr(statement, "decorator_list", ())), default=statement.lineno)


def end_of(statement: ast.stmt) -> tuple[int, int]:
    """Line and column, in bytes."""
    return statement.end_lineno or 0, statement.end_col_offset or 0


def with_comments(lines: list[str], statement: ast.stmt) -> tuple[int, int]:
    """The end of a statement, of a block with the comments that follow it further in."""
    end = end_of(statement)
    block = hasattr(statement, "body") or hasattr(statement, "cases")
    for number, line in enumerate(lines[end[0]:], end[0] + 1) if block else ():
        bare = line.lstrip()
        if bare and (not bare.startswith("#") or len(line) - len(bare) <= statement.col_offset):
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
