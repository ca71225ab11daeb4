"""Functions that choose the layer that they return: `if kind == "batch": return nn.BatchNorm(**kwargs)`, `else: raise …`.

`__init__` makes the layer that the function would return under the same tests, by one name, and the call runs what has that name.
"""
from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flake8_nnx.source.inittext import Env
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.literals import is_idle
from flake8_nnx.source.methods import defaults, positional_names
from flake8_nnx.source.precedence import bound, needed
from flake8_nnx.source.values import Either, Function, Loop, Static, one_of

if TYPE_CHECKING:
    from flake8_nnx.source.trace import Tracer


@dataclass(frozen=True)
class Choosing:
    """A call of a function that makes layers: what its parameters are where it is called."""

    call: ast.Call
    names: Mapping[str, str]


@dataclass(frozen=True)
class Forwarded:
    """What `*args` or `**kwargs` of a function stand for in one call of it, with the values and sources of these arguments."""

    keywords: Mapping[str, ast.expr] = field(default_factory=dict)
    values: Mapping[int, Any] = field(default_factory=dict)
    texts: Mapping[int, str | None] = field(default_factory=dict)
    in_call: Mapping[int, str] = field(default_factory=dict)


@dataclass(eq=False)
class Same:
    """`return lambda x: x` in place of a layer."""

    node: ast.Call
    loops: tuple[Loop, ...]
    text: str


def chooses(node: ast.AST | None, facts: Facts) -> bool:
    """Whether a function does nothing but return a layer that it makes, one of several or one in place of which it may raise."""
    if not isinstance(node, ast.FunctionDef) or node.decorator_list:
        return False
    results = list(_results(node.body))
    layers = [r for r in results if isinstance(r, ast.Call) and facts.module_class(r.func) is not None]
    return bool(layers) and all(result in layers or result is not None and is_same(result) for result in results)


def _results(statements: Sequence[ast.stmt]) -> Iterator[ast.expr | None]:
    """What statements return; None where they do anything else than to ask, to return or to raise."""
    for statement in statements:
        if isinstance(statement, ast.If):
            yield from _results([*statement.body, *statement.orelse])
        elif isinstance(statement, ast.Match):
            for case in statement.cases:
                yield from _results(case.body)
        elif isinstance(statement, ast.Return):
            yield statement.value
        elif not isinstance(statement, ast.Raise) and not is_idle(statement):
            yield None


def is_same(node: ast.expr) -> bool:
    """Whether this is `lambda x: x`."""
    if not isinstance(node, ast.Lambda) or not isinstance(node.body, ast.Name):
        return False
    spec = node.args
    alone = len(spec.args) == 1 and not (spec.posonlyargs or spec.kwonlyargs or spec.vararg or spec.kwarg or spec.defaults)
    return alone and node.body.id == spec.args[0].arg


@contextlib.contextmanager
def called(tracer: Tracer, function: Function, node: ast.Call, made_here: bool) -> Iterator[ast.Call | None]:
    """While a function that makes layers of the class runs; the call, where it may hand on what it is given with stars."""
    if not made_here or tracer.inlining or tracer.depth or not isinstance(function.node, ast.FunctionDef):
        yield None
        return
    given = arguments(node, function.node)
    texts = {name: tracer.source.segment(value, {}) for name, value in given.items()}
    events, before = tracer.events, len(tracer.events)
    tracer.choosing = Choosing(node, texts)
    yield node if chooses(function.node, function.facts) else None
    tracer.choosing = None
    tracer.trace.placed.update(dict.fromkeys(events[before:], node))


def arguments(call: ast.Call, function: ast.FunctionDef) -> dict[str, ast.expr]:
    """What a call gives the parameters of a function that have a name, with defaults."""
    found = {**defaults(function), **dict(zip(positional_names(function), call.args))}
    known = parameters(function)
    found.update({keyword.arg: keyword.value for keyword in call.keywords if keyword.arg in known})  # type: ignore[misc]
    return found


def parameters(function: ast.FunctionDef) -> set[str]:
    """The names that a function has for its arguments."""
    return {*positional_names(function), *(argument.arg for argument in function.args.kwonlyargs)}


def forwarded(tracer: Tracer, call: ast.Call | None, function: Function, keywords: Mapping[str, Any], env: Env) -> Env:
    """What the `*args` and `**kwargs` of a function are in this call; nothing is known where it has stars of its own."""
    node = function.node
    if call is None or not isinstance(node, ast.FunctionDef) or not (node.args.vararg or node.args.kwarg):
        return {}
    if any(isinstance(argument, ast.Starred) for argument in call.args) or any(k.arg is None for k in call.keywords):
        return {}
    known = parameters(node)
    more = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg and keyword.arg not in known}
    texts = {id(value): tracer.evaluator.text(value, env) for value in more.values()}
    said = {id(value): tracer.source.segment(value, {}) for value in more.values()}
    found: Env = {}
    if node.args.kwarg is not None:
        found[node.args.kwarg.arg] = Forwarded(more, {id(v): keywords[k] for k, v in more.items()}, texts, said)
    if node.args.vararg is not None and len(call.args) <= len(positional_names(node)):
        found[node.args.vararg.arg] = Forwarded()
    return found


def spread(node: ast.Call, env: Env) -> list[tuple[ast.Starred | ast.keyword, Forwarded]]:
    """The stars of a call that hand on what a function was given."""
    stars: list[tuple[ast.Starred | ast.keyword, ast.expr]] = [(a, a.value) for a in node.args if isinstance(a, ast.Starred)]
    stars += [(keyword, keyword.value) for keyword in node.keywords if keyword.arg is None]
    named = [(star, env.get(value.id)) for star, value in stars if isinstance(value, ast.Name)]
    return [(star, rest) for star, rest in named if isinstance(rest, Forwarded)]


def said(tracer: Tracer, nodes: Iterable[ast.expr]) -> dict[int, str]:
    """Sources of expressions of such a function where it is called, by id; none anywhere else."""
    if tracer.choosing is None:
        return {}
    names, found = tracer.choosing.names, {}
    for node in nodes:
        swaps = {}
        for read in ast.walk(node):
            above = tracer.facts.names.parent(read)
            if isinstance(read, ast.Name) and read.id in names:
                least = 1 if above is None or read is node else 6 if isinstance(above, ast.Match) else needed(above, read)
                swaps[id(read)] = bound(names[read.id], least)
        found[id(node)] = tracer.source.segment(node, swaps)
    return found


def returned(tracer: Tracer, node: ast.Return) -> None:
    """`return lambda x: x`: `__init__` keeps that where others have a layer."""
    if tracer.choosing is not None and tracer.inlining == 1 and node.value is not None and is_same(node.value):
        tracer.events.append(Same(tracer.choosing.call, tracer.loops, tracer.source.segment(node.value, {})))


def one_of_returned(values: Sequence[Any]) -> Either | None:
    """What a function gives that returns layers in some branches, and in others what it is given."""
    layers = [value for value in values if one_of(value)]
    others = [value for value in values if not one_of(value)]
    same = all(isinstance(value, Static) and _is_same_text(value.text) for value in others)
    if not layers or not others or not same:
        return None
    return Either(tuple(dict.fromkeys(module for value in layers for module in one_of(value))), or_same=True)


def _is_same_text(text: str) -> bool:
    return text.startswith("lambda") and is_same(ast.parse(text, mode="eval").body)
