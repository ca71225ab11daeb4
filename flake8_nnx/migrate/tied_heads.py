"""Heads that run with weights they are given, or with a layer of their own: `head(x, shared_embedding=table)`.

Linen gives the layer variables only where a call leaves the argument out; NNX is told when it makes the head, by a parameter
`has_shared_embedding`.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_nnx.source.linen import Facts
from flake8_nnx.source.literals import is_none
from flake8_nnx.source.methods import defaults, stores
from flake8_nnx.source.names import FUNCTIONS
from flake8_nnx.source.precedence import bound
from flake8_nnx.source.tests import on_fields, without_self
from flake8_nnx.source.values import Site

if TYPE_CHECKING:
    from flake8_nnx.migrate.plan import Planner

NOTHING = ("", "")


def flag(argument: str) -> str:
    """The parameter that tells whether calls give an argument."""
    return f"has_{argument}"


def left_out(test: ast.expr, negated: bool, facts: Facts) -> str | None:
    """The argument of `__call__` that must be left out for a test to hold, or not to hold: `x is None`."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or ast.unparse(test.comparators[0]) != "None":
        return None
    if not isinstance(test.ops[0], ast.IsNot if negated else ast.Is) or not isinstance(test.left, ast.Name):
        return None
    return test.left.id if _may_be_left_out(test.left, facts) else None


def told(planner: Planner, site: Site) -> dict[str, str]:
    """What the constructor of a class is told of the arguments that its calls give, where the source says."""
    assert site.ref is not None and site.ref.local is not None
    inner = planner.planned(site.ref.local)
    found: dict[str, str] = {}
    for name, argument in inner.optional_arguments.items() if inner is not None else ():
        calls = [node for node, method, _ in site.inputs if method == "__call__"]
        told_by = {_told_by(planner, node, site, argument) for node in calls}
        text, own = told_by.pop() if len(told_by) == 1 else NOTHING
        if text:
            found[name] = text
        if own:
            planner.plan.optional_arguments[text] = own
    return found


def _told_by(planner: Planner, call: ast.AST, site: Site, argument: str) -> tuple[str, str]:
    """Whether a call gives an argument, as an expression of `__init__`, and which argument of `__call__` it hands on.

    There is no expression where the call leaves it out, or decides itself.
    """
    assert site.ref is not None and site.ref.local is not None
    method = planner.facts.method_of(site.ref.local, "__call__")
    if not isinstance(call, ast.Call) or method is None or any(isinstance(a, ast.Starred) for a in call.args):
        return NOTHING
    if any(keyword.arg is None for keyword in call.keywords):
        return NOTHING
    names = [a.arg for a in (*method.args.posonlyargs, *method.args.args)][1:]
    given = {**dict(zip(names, call.args)), **{str(keyword.arg): keyword.value for keyword in call.keywords}}.get(argument)
    if isinstance(given, ast.Name) and _may_be_left_out(given, planner.facts) and flag(given.id) not in planner.fields:
        return flag(given.id), given.id
    for test, value, other in _choices(given, planner.facts):
        negated = is_none(value)
        if negated != is_none(other) and on_fields(test, planner.fields):
            text = without_self(test)
            return (f"not {bound(text, 12)}" if negated else text), ""
    return NOTHING


def _choices(given: ast.expr | None, facts: Facts) -> Iterator[tuple[ast.expr, ast.expr, ast.expr]]:
    """The test and the two values of an expression, or of a variable that an `if` sets in each branch and nothing else does."""
    if isinstance(given, ast.IfExp):
        yield given.test, given.body, given.orelse
    if not isinstance(given, ast.Name):
        return
    method = facts.names.enclosing(given, *FUNCTIONS)
    statements = [facts.names.parent(node) for node in stores(method, given.id)] if method is not None else []
    above = [facts.names.parent(statement) for statement in statements if statement is not None]
    if len(statements) == 1 and isinstance(statements[0], ast.Assign) and isinstance(statements[0].value, ast.IfExp):
        yield from _choices(statements[0].value, facts)
    if len(statements) == 2 and above[0] is above[1] and isinstance(above[0], ast.If):
        values = {id(s): s.value for s in statements if isinstance(s, ast.Assign)}
        body, orelse = ([values[id(s)] for s in branch if id(s) in values] for branch in (above[0].body, above[0].orelse))
        if len(body) == len(orelse) == 1:
            yield above[0].test, body[0], orelse[0]


def _may_be_left_out(name: ast.Name, facts: Facts) -> bool:
    """Whether a name is an argument of `__call__` that is None by default, and that nothing sets."""
    method = facts.names.enclosing(name, *FUNCTIONS)
    if not isinstance(method, ast.FunctionDef) or method.name != "__call__":
        return False
    default = defaults(method).get(name.id)
    return default is not None and is_none(default) and not stores(method, name.id)
