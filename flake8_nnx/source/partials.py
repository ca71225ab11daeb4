"""Partials that fields choose: `norm = partial(nn.BatchNorm, …)` in one branch, `norm = partial(nn.LayerNorm, …)` in the other.

What is made of the name is made under the same tests, by one name (see `source.choosers`).
"""
from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flake8_nnx.source import choosers
from flake8_nnx.source.constructions import construct
from flake8_nnx.source.events import Branch
from flake8_nnx.source.inittext import Env
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.literals import is_idle
from flake8_nnx.source.values import Chosen, Module, Partial, Unknown, either

if TYPE_CHECKING:
    from flake8_nnx.source.trace import Tracer


def chosen(tracer: Tracer, node: ast.If, test: str | None, options: Sequence[Any]) -> Chosen | None:
    """What a name has that two branches give a partial each."""
    if test is None or tracer.loops or tracer.depth or options[0] == options[1]:
        return None
    if not all(isinstance(option, Chosen) or isinstance(option, Partial) and _plain(option) for option in options):
        return None
    in_call = choosers.said(tracer, [node.test])
    return Chosen(node, test, in_call.get(id(node.test)) or tracer.source.segment(node.test, {}), *options)


def untold(result: Any, returned: Sequence[Any]) -> bool:
    """Whether a function returns module classes, one of which is not what its call is known to give."""
    classes = (Partial, Chosen)
    return not isinstance(result, classes) and any(isinstance(value, classes) for value in returned)


def gives(node: ast.AST | None, facts: Facts) -> bool:
    """Whether a function does nothing but give a name one of several partials, and return that."""
    return isinstance(node, ast.FunctionDef) and not node.decorator_list and _gives(node.body, facts)


def _gives(statements: Sequence[ast.stmt], facts: Facts) -> bool:
    return all(_known(statement, facts) for statement in statements)


def _known(statement: ast.stmt, facts: Facts) -> bool:
    if isinstance(statement, ast.If):
        return _gives([*statement.body, *statement.orelse], facts)
    if isinstance(statement, ast.Match):
        return all(_gives(case.body, facts) for case in statement.cases)
    if isinstance(statement, ast.Assign):
        return isinstance(statement.targets[0], ast.Name) and facts.module_class(statement.value) is not None
    if isinstance(statement, ast.Return):
        return isinstance(statement.value, ast.Name)
    return is_idle(statement) or isinstance(statement, ast.Raise)


def _plain(option: Partial) -> bool:
    return option.via is None and not option.given and not option.lifts and not option.positional


def made(
    tracer: Tracer, node: ast.Call, option: Chosen | Partial, positional: list[Any], keywords: dict[str, Any], env: Env
) -> Any:
    """A layer is made of the name: of either partial, under its test."""
    if isinstance(option, Partial):
        own = {id(value): tracer.source.segment(value, {}) for value in option.keywords.values()}
        found = construct(tracer, node, replace(option, in_call={**own, **option.in_call}), positional, keywords, env)
        if isinstance(found, Module):
            found.site.option = option
        return found
    outer, bodies, values = tracer.events, ([], []), []  # type: tuple[list[Any], tuple[list[Any], list[Any]], list[Any]]
    for events, part in zip(bodies, (option.body, option.orelse)):
        tracer.events = events
        values.append(made(tracer, node, part, positional, keywords, env))
    tracer.events = outer
    tracer.events.append(Branch(option.node, option.test, *bodies, option.in_call))
    found = either(*values)
    return Unknown() if found is None else found
