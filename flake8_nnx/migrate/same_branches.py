"""Branches that do the same once they are rewritten: layers of one name are one attribute, whichever branch made it.

`if a: act = self.act else: act = self.act` is said once.
"""
from __future__ import annotations

import libcst as cst

from flake8_nnx.migrate.trees import comments_in

# What may stand in a test that is no longer asked: none of it can do anything.
HARMLESS = (
    cst.Name, cst.Attribute, cst.BaseNumber, cst.SimpleString, cst.Comparison, cst.ComparisonTarget, cst.BaseCompOp,
    cst.BooleanOperation, cst.BaseBooleanOp, cst.UnaryOperation, cst.Not, cst.LeftParen, cst.RightParen, cst.Dot,
    cst.BaseParenthesizableWhitespace,
)


def said_once(old: cst.If, new: cst.If) -> cst.FlattenSentinel[cst.BaseStatement] | None:
    """The statements of all branches, where an edit made them the same; None where they differ or hold comments."""
    bodies = _bodies(new)
    if bodies is None or not _same(bodies) or _same(_bodies(old) or []) or comments_in(new.with_changes(leading_lines=())):
        return None
    if not isinstance(new.body, cst.IndentedBlock) or not new.body.body:  # what is left empty becomes `pass`
        return None
    first, *rest = new.body.body
    return cst.FlattenSentinel([first.with_changes(leading_lines=new.leading_lines), *rest])  # type: ignore[attr-defined]


def _bodies(node: cst.If) -> list[cst.BaseSuite] | None:
    """Of all branches, the last of which is an `else`; None where none may run, or where a test does something."""
    bodies, part = [], node
    while isinstance(part, cst.If):
        if not _harmless(part.test):
            return None
        bodies.append(part.body)
        part = part.orelse  # type: ignore[assignment]
    return [*bodies, part.body] if isinstance(part, cst.Else) else None


def _same(bodies: list[cst.BaseSuite]) -> bool:
    return bool(bodies) and all(body.deep_equals(bodies[0]) for body in bodies[1:])


def _harmless(node: cst.CSTNode) -> bool:
    return isinstance(node, HARMLESS) and all(map(_harmless, node.children))
