"""Sizes and their arithmetic: integers, or source text in terms of constructor parameters, or None, which nobody knows.

Those of the arguments of the call have names of their own until the parameters are chosen.
"""
from __future__ import annotations

import ast
import functools
import re
from typing import Union

Size = Union[int, str, None]
# The size of axis -k of argument `x` reads `axisk_of_x` until the constructor's parameters are chosen.
AXIS = re.compile(r"\baxis(\d+)_of_(\w+)\b")
# All sizes but the first read `sizes_of_x`.
WHOLE = re.compile(r"\bsizes_of_(\w+)\b")
# That of an axis which the field `axis` chooses reads `axis_by_axis_of_x`.
CHOSEN = re.compile(r"\baxis_by_(\w+?)_of_(\w+)\b")
# A size that only the call knows reads `openk_of_x` after the variable `x` that has it.
OPEN = re.compile(r"\bopen\d+_of_(\w+)\b")
TIGHT = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant)


def atom(size: Size, *also: type[ast.AST]) -> str:
    """Source of a size that can stand as an operand; nodes of the types in `also` need no parentheses there."""
    return _atom(str(size), also)


@functools.lru_cache(maxsize=4096)
def _atom(text: str, also: tuple[type[ast.AST], ...]) -> str:
    node = ast.parse(text, mode="eval").body
    operator = node.op if isinstance(node, ast.BinOp) else node
    whole = text.startswith("(") and _encloses(text)
    return text if whole or isinstance(node, TIGHT) or isinstance(operator, also) else f"({text})"


def _encloses(text: str) -> bool:
    """Whether the first parenthesis of an expression ends with it."""
    try:
        return ast.dump(ast.parse(text, mode="eval")) == ast.dump(ast.parse(text[1:-1].strip(), mode="eval"))
    except SyntaxError:
        return False


def add(a: Size, b: Size) -> Size:
    if a is None or b is None:
        return None
    if isinstance(a, int) and isinstance(b, int):
        return a + b
    return b if a == 0 else a if b == 0 else f"{a} + {b}" if isinstance(b, int) or "-" not in b else f"{a} + {atom(b)}"


def multiply(a: Size, b: Size) -> Size:
    if a is None or b is None:
        return None
    if isinstance(a, int) and isinstance(b, int):
        return a * b
    return b if a == 1 else a if b == 1 else f"{atom(a, ast.Mult, ast.UnaryOp)} * {atom(b, ast.UnaryOp)}"


def product(sizes: list[Size]) -> Size:
    result: Size = 1
    for size in sizes:
        result = multiply(result, size)
    return result


def floor_divide(a: Size, b: Size) -> Size:
    if a is None or b is None or b == 0:
        return None
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    if isinstance(a, str) and (times := a.removeprefix(f"{b} * ")) != a and atom(times) == times:
        return times
    return a if b == 1 else f"{atom(a, ast.Mult, ast.FloorDiv, ast.UnaryOp)} // {atom(b)}"


def ceil_divide(a: Size, b: Size) -> Size:
    if a is None or b is None or b == 0:
        return None
    if isinstance(a, int) and isinstance(b, int):
        return -(-a // b)
    return a if b == 1 else f"-(-{atom(a)} // {atom(b)})"
