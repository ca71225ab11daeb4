"""Conditions and what they choose: comparisons, `and` and `or`, `a if test else b`.

What a part of one creates stands under the test before it, as it would in a statement.
"""
from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from flake8_nnx.source import named_axes, shapes
from flake8_nnx.source.branches import branched
from flake8_nnx.source.dynamic import dynamic
from flake8_nnx.source.inittext import Env
from flake8_nnx.source.joins import join
from flake8_nnx.source.makers import negated
from flake8_nnx.source.optional import unless_given
from flake8_nnx.source.precedence import bound
from flake8_nnx.source.values import Array, Dtype, Shape, Static, Unknown, elements, one_of

if TYPE_CHECKING:
    from flake8_nnx.source.evaluate import Evaluator


def compare(evaluator: Evaluator, node: ast.Compare, env: Env) -> Any:
    """`x.shape == y.shape`, `field is None` where a parent decides that."""
    values = [evaluator.value(node.left, env), *(evaluator.value(c, env) for c in node.comparators)]
    if any(isinstance(v, Array) for v in values):
        return shapes.broadcast(values)
    if [type(v) for v in values] == [Shape, Shape] and isinstance(node.ops[0], (ast.NotEq, ast.Eq)):
        test = shapes.may_differ(values[0].array, values[1].array)
        return Unknown() if test is None else Static(test if isinstance(node.ops[0], ast.NotEq) else f"not ({test})")
    if isinstance(node.ops[0], (ast.Is, ast.IsNot)) and values[1:] == [Static("None")] and evaluator.tracer.depth:
        none = values[0] == Static("None")
        if none or _given(evaluator, values[0]):
            return Static(str(none == isinstance(node.ops[0], ast.Is)))
    return Unknown() if dynamic(values) else evaluator.as_static(node, env)


def _given(evaluator: Evaluator, value: Any) -> bool:
    """Whether a class is given a value by its maker: a number, or a variable or an element of it that cannot be None."""
    if not isinstance(value, Static):
        return False
    name = re.sub(r"\[-?\w+\]$", "", value.text.removeprefix("self."))
    return name.isdigit() or name.isidentifier() and name != "None" and name not in evaluator.tracer.optional


def boolop(evaluator: Evaluator, node: ast.BoolOp, env: Env) -> Any:
    """`a and b`, `a or b`."""
    values = _until_decided(evaluator, node, env)
    found = next((v for v in values if isinstance(v, Array)), None)
    if isinstance(node.op, ast.Or) and isinstance(values[-1], Dtype):
        return Dtype()  # `self.dtype or x.dtype`
    return found or (Unknown() if dynamic(values) else evaluator.as_static(node, env))


def _until_decided(evaluator: Evaluator, node: ast.BoolOp, env: Env) -> list[Any]:
    """The values of `a and b`; what the later ones create stands under the test of those before."""
    tracer, values = evaluator.tracer, [evaluator.value(node.values[0], env)]
    for index, part in enumerate(node.values[1:], start=1):
        before, outer, tracer.events = len(tracer.trace.sites), tracer.events, []
        values.append(evaluator.value(part, env))
        created, tracer.events = tracer.events, outer
        if tracer.method == "setup" or len(tracer.trace.sites) == before:
            tracer.events += created
            continue
        texts = [evaluator.text(value, env) for value in node.values[:index]]
        asked = (str(text) if isinstance(node.op, ast.And) else negated(str(text)) for text in texts)
        test = None if None in texts else " and ".join(bound(text, 3) for text in asked)
        statement = ast.copy_location(ast.If(node, [], []), node)
        branched(tracer, statement, test, (created, []), tracer.trace.sites[before:])
    return values


def conditional(evaluator: Evaluator, node: ast.IfExp, env: Env) -> Any:
    """`body if test else orelse`."""
    known = named_axes.as_tuple(evaluator.tracer, node, env)
    if known is not None:
        return known
    test = evaluator.value(node.test, env)
    if isinstance(test, Static) and test.text in ("True", "False"):
        return evaluator.value(node.body if test.text == "True" else node.orelse, env)
    body, orelse = _arms(evaluator, node, test, env)
    if evaluator.tracer.method == "setup" and (one_of(body) or one_of(orelse)):
        texts = {id(part): evaluator.text(part, env) for part in (node.test, node.body, node.orelse)}
        evaluator.tracer.trace.arms[node] = {key: text for key, text in texts.items() if text is not None}
    if isinstance(unless_given(node, body, orelse), Dtype):
        return Dtype()  # `x.dtype if self.dtype is None else self.dtype`
    found = Unknown() if dynamic((test, body, orelse)) else evaluator.as_static(node, env)
    if isinstance(found, Static):
        if isinstance(body, Static) and isinstance(orelse, Static) and body.text == orelse.text:
            return body
        ours, theirs = elements(body), elements(orelse)
        if ours is None or theirs is None or len(ours) != len(theirs) or not isinstance(test, Static):
            return found
        joined = [join(evaluator.tracer, a, b, test.text) for a, b in zip(ours, theirs)]
        return Static(found.text, tuple(joined))
    return join(evaluator.tracer, body, orelse, test.text if isinstance(test, Static) else None)


def _arms(evaluator: Evaluator, node: ast.IfExp, test: Any, env: Env) -> tuple[Any, Any]:
    """Both values; what they create stands under the test, as it does in a statement."""
    tracer, before = evaluator.tracer, len(evaluator.tracer.trace.sites)
    outer, created = tracer.events, ([], [])  # type: tuple[list[Any], tuple[list[Any], list[Any]]]
    values = []
    for events, part in zip(created, (node.body, node.orelse)):
        tracer.events = events
        values.append(evaluator.value(part, env))
    tracer.events = outer
    if tracer.method == "setup" or len(tracer.trace.sites) == before:
        tracer.events += [*created[0], *created[1]]
    else:
        statement = ast.copy_location(ast.If(node.test, [], []), node)
        branched(tracer, statement, test.text if isinstance(test, Static) else None, created, tracer.trace.sites[before:])
    return values[0], values[1]
