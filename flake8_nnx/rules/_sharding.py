"""Where a sharding helper of Linen is named: called, or handed on as an argument.

Shared by the rules NNX6xx.
"""
from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flake8_nnx.catalog.sharding import Helper, helper
from flake8_nnx.rules import _text
from flake8_nnx.source.linen import PARTIAL, Facts


@dataclass(frozen=True)
class Use:
    """One use of a helper.

    place: the node to report: its call, or its name where it is handed on.
    call: its call.
    given: arguments by parameter name, those that cannot be told apart left out.
    """

    helper: Helper
    place: ast.expr
    call: ast.Call | None
    given: Mapping[str, ast.expr]

    def text(self, name: str, default: str = "…") -> str:
        """Source of an argument."""
        return _text.quote(self.given[name]) if name in self.given else default


def uses(facts: Facts, *names: str) -> Iterator[Use]:
    """The helpers of these names that the calls of a file call, or take as arguments."""
    return (found for found in _uses(facts) if found.helper.linen in names)


@functools.lru_cache(maxsize=4)
def _uses(facts: Facts) -> list[Use]:
    """All uses of helpers in a file; one pass for all rules."""
    return [use for node in facts.names.nodes if isinstance(node, ast.Call) for use in _in_call(node, facts)]


def _in_call(call: ast.Call, facts: Facts) -> Iterator[Use]:
    found = helper(facts.origin(call.func))
    if found is not None:
        yield Use(found, call, call, _given(found, call.args, call.keywords))
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    for value in [e for v in values for e in (v.elts if isinstance(v, (ast.Tuple, ast.List)) else [v])]:
        named = helper(facts.origin(value)) if isinstance(value, (ast.Name, ast.Attribute)) else None
        if named is not None and value in call.args[:1] and facts.origin(call.func) in PARTIAL:
            yield Use(named, call, None, _given(named, call.args[1:], call.keywords))
        elif named is not None:
            yield Use(named, value, None, {})


def _given(found: Helper, args: list[ast.expr], keywords: list[ast.keyword]) -> dict[str, ast.expr]:
    seen = [arg for arg in args if not isinstance(arg, ast.Starred)]
    given = dict(zip(found.args, seen)) if len(seen) == len(args) else {}
    return {**given, **{keyword.arg: keyword.value for keyword in keywords if keyword.arg}}


def initializer(node: ast.expr | None, facts: Facts) -> str:
    """The source of an initialiser in its NNX spelling."""
    return _text.nnx_functions(_text.quote(node), node, facts) if node is not None else "…"
