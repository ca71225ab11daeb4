"""What becomes of the code around the classes of one file, as data: edits keyed by the `ast` nodes of the original."""
from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Union

STARS = "**"  # starts the name of a parameter, or of an argument, that stands for any number by keyword
Piece = Union[str, ast.AST]  # new text, or a node that stays with the edits inside it


@dataclass
class CodeEdits:
    """Edits of statements, calls and functions outside of the migrated classes."""

    expressions: dict[ast.AST, str] = field(default_factory=dict)
    arguments: dict[ast.Call, list[Piece]] = field(default_factory=dict)  # all arguments of a call, anew
    elements: dict[ast.AST, list[Piece]] = field(default_factory=dict)  # of a tuple; a single one stands without it
    parameters: dict[ast.AST, list[Piece]] = field(default_factory=dict)  # of a function; "*" starts those by keyword
    before: dict[ast.stmt, list[str]] = field(default_factory=dict)  # statements to put before one
    after: dict[ast.stmt, list[str]] = field(default_factory=dict)  # and those to put after one
    removed: set[ast.stmt] = field(default_factory=set)
    unassigned: set[ast.stmt] = field(default_factory=set)  # assignments and returns that become their value alone
    returns: set[ast.AST] = field(default_factory=set)  # functions whose annotation of what they return goes

    def places(self) -> set[tuple[int, int]]:
        """Line and column of every expression that is written anew or goes, and of those inside."""
        changed = (*self.expressions, *self.arguments, *self.removed)
        return {
            (inner.lineno, inner.col_offset) for node in changed for inner in ast.walk(node) if isinstance(inner, ast.expr)
        }

    def __bool__(self) -> bool:
        return any(vars(self).values())
