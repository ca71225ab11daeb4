"""`self.is_initializing()`: an NNX module is never initialising when it is called."""
from __future__ import annotations

import ast

from flake8_nnx.source.linen import Facts

PLAIN = (ast.Name, ast.Attribute, ast.Constant, ast.expr_context)


def decided(node: ast.If | ast.IfExp, facts: Facts) -> bool | None:
    """Whether the first of two branches is the one that runs, where the other can go without a trace; None where not."""
    asked = ast.unparse(node.test)
    if asked not in ("self.is_initializing()", "not self.is_initializing()"):
        return None
    runs = asked.startswith("not ")
    if isinstance(node, ast.IfExp):
        kept = node.body if runs else node.orelse
        return runs if all(isinstance(part, PLAIN) for part in ast.walk(kept)) else None
    if not node.orelse:
        return True if runs else None
    between = facts.text.line_of("else", (node.body[-1].end_lineno or 0) + 1, node.orelse[0].lineno)
    start, end = (between, node.orelse[-1].end_lineno) if runs else (node.lineno, between - 1)
    return None if between == 0 or facts.text.has_comment(start, end or start) else runs
