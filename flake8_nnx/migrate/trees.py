"""Small changes of concrete syntax trees: blank lines, parameters, arguments as one tuple.

And what stands in a tree: its docstring, comments and blocks, and the attributes that code reads.
"""
from __future__ import annotations

import ast
import textwrap
from collections.abc import Sequence
from typing import Any

import libcst as cst

from flake8_nnx.migrate.edits import STARS


def with_blank_line(node: Any, count: int = 1) -> Any:
    """The statement with blank lines above it."""
    lines = list(getattr(node, "leading_lines", ()))
    if lines and not lines[0].comment:
        return node
    return node.with_changes(leading_lines=[*[cst.EmptyLine(indent=False)] * count, *lines])


def as_tuple(args: Sequence[cst.Arg]) -> list[cst.Arg]:
    """The arguments with the positional ones as one tuple."""
    plain, named = [arg for arg in args if not arg.keyword], [arg for arg in args if arg.keyword]
    apart = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    commas = [arg.comma if comments_in(arg) else apart for arg in plain[:-1]]
    commas.append(cst.MaybeSentinel.DEFAULT if len(plain) > 1 else cst.Comma())
    elements = [cst.StarredElement if arg.star else cst.Element for arg in plain]
    parts = [make(arg.value, comma=comma) for make, arg, comma in zip(elements, plain, commas)]
    return [cst.Arg(cst.Tuple(parts), comma=plain[-1].comma if named else cst.MaybeSentinel.DEFAULT), *named]


def without_gap(original: cst.FunctionDef, updated: cst.FunctionDef) -> cst.FunctionDef:
    """The method without the blank lines that followed statements which stood first."""
    old, new = original.body.body, updated.body.body
    if len(old) == len(new) or not new or not old or old[0].deep_equals(new[0]):
        return updated
    lines = list(new[0].leading_lines)  # type: ignore[union-attr]
    while lines and lines[0].comment is None:
        del lines[0]
    first = new[0].with_changes(leading_lines=lines)
    return updated.with_changes(body=updated.body.with_changes(body=[first, *new[1:]]))


def with_flags(function: cst.FunctionDef, flags: list[str]) -> cst.FunctionDef:
    """The method with parameters for these flags, which a caller may leave out."""
    tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    for flag in flags:
        stars = flag.startswith(STARS)
        name = cst.Name(flag.removeprefix(STARS))
        parameter = cst.Param(name, star=STARS) if stars else cst.Param(name, equal=tight, default=cst.Name("None"))
        last = "params" if isinstance(function.params.star_arg, cst.MaybeSentinel) else "kwonly_params"
        before = list(getattr(function.params, last))
        if before:  # the end of the list stays as it is
            parameter = parameter.with_changes(
                comma=before[-1].comma, whitespace_after_param=before[-1].whitespace_after_param
            )
            first = function.params.params[0].comma
            between = first if isinstance(first, cst.Comma) else cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
            before[-1] = before[-1].with_changes(comma=between, whitespace_after_param=cst.SimpleWhitespace(""))
        new = {last: before, "star_kwarg": parameter} if stars else {last: [*before, parameter]}
        function = function.with_deep_changes(function.params, **new)
    return function


def docstring_of(body: Sequence[cst.CSTNode]) -> cst.SimpleString | None:
    """The string that a body begins with."""
    first = body[0].body[0] if body and isinstance(body[0], cst.SimpleStatementLine) and len(body[0].body) == 1 else None
    return first.value if isinstance(first, cst.Expr) and isinstance(first.value, cst.SimpleString) else None


def blocks_in(node: cst.CSTNode) -> list[cst.If | cst.For]:
    """The branches and loops below a node, in order."""
    found: list[cst.If | cst.For] = []

    class Collector(cst.CSTVisitor):
        def visit_If(self, node: cst.If) -> None:
            found.append(node)

        def visit_For(self, node: cst.For) -> None:
            found.append(node)

    node.visit(Collector())
    return found


def comments_in(node: cst.CSTNode) -> list[str]:
    """Every comment below a node, in order."""
    found: list[str] = []

    class Collector(cst.CSTVisitor):
        def visit_Comment(self, node: cst.Comment) -> None:
            found.append(node.value)

    node.visit(Collector())
    return found


def nothing_in(block: cst.BaseSuite) -> cst.CSTNode:
    """What stands in a block of which nothing is left."""
    return cst.parse_statement("pass") if isinstance(block, cst.IndentedBlock) else cst.Pass()


def own_comments(node: cst.If) -> list[str]:
    """The comments of a branch that stand beside its statements."""
    parts: list[cst.If | cst.Else] = [node, *([node.orelse] if isinstance(node.orelse, cst.Else) else [])]
    blocks = [part.body for part in parts if isinstance(part.body, cst.IndentedBlock)]
    above = [line.comment for part in parts for line in part.leading_lines]
    beside = [comment for block in blocks for comment in (block.header.comment, *(line.comment for line in block.footer))]
    return [comment.value for comment in (*above, *beside) if comment]


def attributes_read(code: str) -> set[str]:
    """`x` of every `self.x` read in the methods as they are now."""
    return {
        n.attr
        for n in ast.walk(ast.parse(textwrap.dedent(code)))
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == "self" and isinstance(n.ctx, ast.Load)
    }
