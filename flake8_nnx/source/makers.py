"""Functions inside of setup that make the layers of the class: `self.phi = make(self.features, name="phi")`.

`__init__` has what they do written out for each call; one that may return None instead leaves None where Linen has it.
"""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from flake8_nnx.source.inittext import Env
from flake8_nnx.source.linen import Facts, LinenClass
from flake8_nnx.source.literals import is_idle, is_none
from flake8_nnx.source.precedence import bound
from flake8_nnx.source.values import Function, Module, Site, Static

if TYPE_CHECKING:
    from flake8_nnx.source.trace import Tracer


def is_maker(node: ast.AST | None, cls: LinenClass) -> bool:
    """Whether this is a plain function that setup defines."""
    setup = cls.methods.get("setup")
    plain = isinstance(node, ast.FunctionDef) and not node.decorator_list and not node.args.vararg and not node.args.kwarg
    return plain and setup is not None and node in setup.body


def called_in_setup(tracer: Tracer, callee: Function) -> bool:
    """Whether setup calls one of its own functions."""
    return tracer.method == "setup" and not callee.bound and is_maker(callee.node, tracer.cls)


def made_by(site: Site, facts: Facts, cls: LinenClass) -> ast.FunctionDef | None:
    """The function of setup that makes this layer."""
    function = facts.names.enclosing(site.call, ast.FunctionDef)
    return function if site.through and is_maker(function, cls) else None  # type: ignore[return-value]


def one_or_none(tracer: Tracer, node: ast.If, test: Any, env: Env) -> Any:
    """What `if test: return None` with `else: return Layer(…)` gives: the layer, under the test."""
    parts = [part[0].value if len(part) == 1 and isinstance(part[0], ast.Return) else node for part in (node.body, node.orelse)]
    absent = [is_none(part) for part in parts]
    calls = [part for part in parts if isinstance(part, ast.Call)]
    if tracer.method != "setup" or not tracer.inlining or not isinstance(test, Static) or sum(absent) != 1 or len(calls) != 1:
        return None
    if tracer.facts.module_class(calls[0].func) is None:
        return None
    made = tracer.evaluator.value(calls[0], env)
    if isinstance(made, Module):
        made.site.choice = negated(test.text) if absent[0] else test.text
    return made


def negated(test: str) -> str:
    node = ast.parse(test, mode="eval").body
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return ast.unparse(node.operand)
    none = isinstance(node, ast.Compare) and test.endswith(" is None")
    return f"{test[: -len('None')]}not None" if none else f"not {bound(test, 4)}"


def unclear(function: ast.FunctionDef, cls: LinenClass, sites: list[Site], covered: set[Any]) -> bool:
    """Whether writing a function out could change something: it does more, or its names mean something else in setup."""
    made = {site.call for site in sites}
    own = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    inside = set(ast.walk(function))
    setup = [n for n in ast.walk(cls.methods["setup"]) if isinstance(n, ast.Name) and n not in inside]
    if own & {*cls.facts.fields_of(cls), *(n.id for n in setup)} or any(n.endswith(("_features", "_shape")) for n in own):
        return True
    reads = [n for n in setup if n.id == function.name]
    called = {site.node.func for site in sites if cls.facts.names.enclosing(site.call, ast.FunctionDef) is function}
    return any(read not in called for read in reads) or not all(_plain(s, made, covered) for s in function.body)


def _plain(statement: ast.stmt, made: set[ast.Call], covered: set[Any]) -> bool:
    if isinstance(statement, ast.If):
        return all(_plain(inner, made, covered) for inner in [*statement.body, *statement.orelse])
    if isinstance(statement, ast.Return):
        value = statement.value
        return value in made or is_none(value)
    return statement in covered or is_idle(statement)
