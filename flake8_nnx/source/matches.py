"""`match self.kind:` on values, as the chain of `if` that asks the same."""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_nnx.source import branches, opaque
from flake8_nnx.source.inittext import Env

if TYPE_CHECKING:
    from flake8_nnx.source.trace import Tracer


def run(tracer: Tracer, node: ast.Match, env: Env) -> bool:
    """Run a `match` statement; True when it always leaves its function."""
    known = as_ifs(node) if tracer.evaluator.text(node.subject, env) is not None else None
    if known is None:
        opaque.run(tracer, node, env)
        return False
    chain = known[0] if len(known) == 1 else None
    return branches.run(tracer, chain, env) if isinstance(chain, ast.If) else tracer.block(known, env)


def as_ifs(node: ast.Match) -> list[ast.stmt] | None:
    """The statements that do the same; None where a pattern takes something apart, names it or has a guard."""
    rest: list[ast.stmt] = []
    for case in reversed(node.cases):
        everything = isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None and case.pattern.name is None
        if case.guard is not None or everything and case is not node.cases[-1]:
            return None
        test = None if everything else _test(node.subject, case.pattern)
        if test is None and not everything:
            return None
        place = node if case is node.cases[0] else case.pattern
        rest = case.body if test is None else [ast.copy_location(ast.If(test, case.body, rest), place)]
    return rest


def _test(subject: ast.expr, pattern: ast.pattern) -> ast.expr | None:
    """What a pattern asks; the expression has no place in the source, but its parts do."""
    if isinstance(pattern, ast.MatchValue):
        return ast.Compare(subject, [ast.Eq()], [pattern.value])
    if isinstance(pattern, ast.MatchSingleton):
        return ast.Compare(subject, [ast.Is()], [ast.Constant(pattern.value)])
    if not isinstance(pattern, ast.MatchOr) or not all(isinstance(each, ast.MatchValue) for each in pattern.patterns):
        return None
    values = [each.value for each in pattern.patterns if isinstance(each, ast.MatchValue)]
    return ast.Compare(subject, [ast.In()], [ast.Tuple(values, ast.Load())])
