"""Parentheses around a text that takes the place of a part of an expression.

`features * 2` with `n + 1` for `features` is `(n + 1) * 2`.
"""
from __future__ import annotations

import ast
import functools

OPERATORS: dict[type[ast.AST], int] = {
    ast.Lambda: 1, ast.IfExp: 1, ast.Or: 2, ast.And: 3, ast.Not: 4, ast.Compare: 5, ast.BitOr: 6, ast.BitXor: 7,
    ast.BitAnd: 8, ast.LShift: 9, ast.RShift: 9, ast.Add: 10, ast.Sub: 10, ast.Mult: 11, ast.Div: 11, ast.FloorDiv: 11,
    ast.Mod: 11, ast.MatMult: 11, ast.USub: 12, ast.UAdd: 12, ast.Invert: 12, ast.Pow: 13, ast.Await: 14,
    ast.NamedExpr: 0, ast.Tuple: 0,
}  # fmt: skip
ATOM = 15


def strength(node: ast.AST) -> int:
    """How tightly the outermost operator of an expression binds."""
    if isinstance(node, ast.Constant) and not isinstance(node.value, (str, bytes)):
        return ATOM - 1  # `2.size` is no attribute of 2
    operator: ast.AST = getattr(node, "op", node)
    return OPERATORS.get(type(operator), ATOM)


def needed(above: ast.AST, child: ast.AST) -> int:
    """How tightly a part of an expression has to bind, to need no parentheses there."""
    if isinstance(above, ast.BinOp):
        power = isinstance(above.op, ast.Pow)
        return strength(above) + ((child is above.left) if power else (child is above.right))
    if isinstance(above, ast.UnaryOp):
        return strength(above)
    if isinstance(above, ast.BoolOp):
        return strength(above) + 1
    if isinstance(above, ast.IfExp):
        return 1 if child is above.orelse else 2
    if isinstance(above, ast.comprehension):
        return 2
    if isinstance(above, (ast.Compare, ast.Starred)):
        return 6
    if isinstance(above, (ast.Attribute, ast.Await)) or child in (_called(above), _indexed(above)):
        return ATOM
    return 1


def _called(above: ast.AST) -> ast.AST | None:
    return above.func if isinstance(above, ast.Call) else None


def _indexed(above: ast.AST) -> ast.AST | None:
    return above.value if isinstance(above, ast.Subscript) else None


def operand(text: str, above: ast.AST, child: ast.AST) -> str:
    """The text of an expression as it stands in the place of `child`."""
    return bound(text, needed(above, child))


@functools.lru_cache(maxsize=4096)
def bound(text: str, least: int) -> str:
    """The text of an expression, in parentheses unless it binds as tightly as this."""
    node = ast.parse(text.strip(), mode="eval").body
    whole = text.startswith("(") and isinstance(node, ast.Tuple)  # with parentheses of its own, mostly
    return text if whole or strength(node) >= least else f"({text})"
