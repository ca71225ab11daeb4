"""`self.is_initializing()`: an NNX module is never initialising when it is called.

`self.is_mutable_collection("params")` asks the same in copies of older layers of flax: parameters change in `init` alone.
"""
from __future__ import annotations

import ast

from flake8_nnx.migrate.model import ClassPlan
from flake8_nnx.source.linen import Facts

ASKED = ("self.is_initializing()", "self.is_mutable_collection('params')")
PLAIN = (ast.Name, ast.Attribute, ast.Constant, ast.expr_context)
# Conditions that nothing else rewrites: names are left out, a flag may become a mode.
FIXED = (ast.Attribute, ast.Constant, ast.Compare, ast.cmpop, ast.UnaryOp, ast.unaryop, ast.expr_context)


def asked(node: ast.expr | None, facts: Facts) -> bool:
    """Whether an expression asks, itself or by a name that holds the answer."""
    binding = facts.names.binding(node) if isinstance(node, ast.Name) else None
    node = binding.value if binding is not None and binding.kind == "assign" else node
    method = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
    return method.startswith("is_") and ast.unparse(node) in ASKED  # type: ignore[arg-type]


def settle(plan: ClassPlan, node: ast.AST, facts: Facts) -> set[ast.AST]:
    """Writes what becomes of a question, or of what depends on it; returns what nobody has to look at any more."""
    if isinstance(node, ast.If) and (runs := decided(node, facts)) is not None:
        plan.unwrapped[node] = runs
        return set(ast.walk(node.test))
    if isinstance(node, ast.IfExp) and (runs := decided(node, facts)) is not None:
        plan.expressions[node] = facts.text.segment(node.body if runs else node.orelse, {})
        return set(ast.walk(node))
    if isinstance(node, ast.BoolOp) and (left := _left(node, facts)) is not None:
        plan.expressions[node] = facts.text.segment(left, {})
        return set(ast.walk(node))
    if isinstance(node, ast.Assign) and asked(node.value, facts) and _unread(node, facts):
        plan.removed.add(node)
        return set(ast.walk(node))
    if isinstance(node, ast.Call) and asked(node, facts):
        plan.expressions[node] = "False"
        return set(ast.walk(node))
    return set()


def decided(node: ast.If | ast.IfExp, facts: Facts) -> bool | None:
    """Whether the first of two branches is the one that runs, where the other can go without a trace; None where not."""
    runs = _answer(node.test, facts)
    if runs is None:
        return None
    if isinstance(node, ast.IfExp):
        kept = node.body if runs else node.orelse
        return runs if all(isinstance(part, PLAIN) for part in ast.walk(kept)) else None
    if not node.orelse:
        return True if runs else None
    between = facts.text.line_of("else", (node.body[-1].end_lineno or 0) + 1, node.orelse[0].lineno)
    start, end = (between, node.orelse[-1].end_lineno) if runs else (node.lineno, between - 1)
    return None if between == 0 or facts.text.has_comment(start, end or start) else runs


def _answer(node: ast.expr, facts: Facts) -> bool | None:
    """The value of a question or of its negation."""
    negated = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    inner = node.operand if negated else node  # type: ignore[attr-defined]
    return negated if asked(inner, facts) else None


def _left(node: ast.BoolOp, facts: Facts) -> ast.expr | None:
    """`a` of `a and not initializing`."""
    neutral = isinstance(node.op, ast.And)
    left = [value for value in node.values if _answer(value, facts) is not neutral]
    fixed = len(left) == 1 and len(node.values) > 1 and _answer(left[0], facts) is None
    own = (part for part in ast.walk(left[0]) if not isinstance(part, FIXED)) if fixed else ()
    return left[0] if fixed and all(isinstance(part, ast.Name) and part.id == "self" for part in own) else None


def _unread(node: ast.Assign, facts: Facts) -> bool:
    """Whether all that reads the answer is settled with it."""
    target, scope = node.targets[0], facts.names.enclosing(node, ast.FunctionDef)
    if len(node.targets) > 1 or not isinstance(target, ast.Name) or scope is None:
        return False
    reads = (n for n in ast.walk(scope) if isinstance(n, ast.Name) and n.id == target.id and n is not target)
    return all(asked(read, facts) and _settled(read, facts) for read in reads)


def _settled(node: ast.expr, facts: Facts) -> bool:
    above = facts.names.parent(node)
    if isinstance(above, ast.UnaryOp) and isinstance(above.op, ast.Not):
        node, above = above, facts.names.parent(above)
    if isinstance(above, (ast.If, ast.IfExp)):
        return node is above.test and decided(above, facts) is not None
    return isinstance(above, ast.BoolOp) and _left(above, facts) is not None
