"""Branches: both bodies of an `if` are run, and what they build stands under its test where `__init__` knows that.

What is created under a test that only the call knows is a problem.
"""
from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flake8_nnx.source import choosers, own_variables, partials
from flake8_nnx.source.chosen import class_of_branches
from flake8_nnx.source.events import Branch
from flake8_nnx.source.inittext import Env
from flake8_nnx.source.joins import join, joined_attributes
from flake8_nnx.source.makers import one_or_none
from flake8_nnx.source.methods import short
from flake8_nnx.source.values import Array, Site, Static, Unknown

if TYPE_CHECKING:
    from flake8_nnx.source.trace import Tracer

UNKNOWN = Unknown()


def run(tracer: Tracer, node: ast.If, env: Env) -> bool:
    """Run an `if` statement; True when both branches leave their function."""
    condition = tracer.evaluator.value(node.test, env)
    test = condition.text if isinstance(condition, Static) else None
    if test in ("True", "False") and not isinstance(node.test, ast.Constant):  # of this turn of a loop over layers
        return tracer.block(node.body if test == "True" else node.orelse, env)
    chosen = one_or_none(tracer, node, condition, env)
    if chosen is not None:
        tracer.returns.append(chosen)
        return True
    outer, before = tracer.events, len(tracer.trace.sites)
    bodies: list[list[Any]] = [[], []]
    envs, left, ends = [dict(env), dict(env)], [False, False], [*bodies]
    old, attributes = tracer.attributes, [dict(tracer.attributes), dict(tracer.attributes)]
    for i, statements in enumerate((node.body, node.orelse)):
        tracer.events, tracer.attributes = bodies[i], attributes[i]
        left[i] = tracer.block(statements, envs[i])
        ends[i] = tracer.end
        attributes[i] = tracer.attributes  # another one after a branch inside
    tracer.events = outer
    tracer.attributes = attributes[left[0]] if left[0] != left[1] else joined_attributes(old, *attributes)
    branched(tracer, node, test, bodies, tracer.trace.sites[before:])
    if left[0] and left[1]:
        return True
    if left[0] or left[1]:
        env.clear()
        env.update(envs[left[0]])
        if test is not None and isinstance((node.orelse if left[1] else node.body)[-1], (ast.Return, ast.Continue)):
            tracer.events = ends[left[0]]  # what follows in this block is made only where it is reached
        return False
    for name in envs[0].keys() | envs[1].keys():
        body, orelse = envs[0].get(name, UNKNOWN), envs[1].get(name, UNKNOWN)
        if body is orelse:
            env[name] = body
            continue
        if test is not None and (only := _set_in_one(name, body, orelse)) is not None:
            env[name] = only
            continue
        if test is None and any(isinstance(value, (Static, Array)) and value.text == name for value in (body, orelse)):
            body, orelse = (replace(v, text=None) if isinstance(v, Array) else Unknown() for v in (body, orelse))
        chosen = class_of_branches(tracer, node, name, test, (body, orelse))
        chosen = chosen or partials.chosen(tracer, node, test, (body, orelse))
        env[name] = join(tracer, body, orelse, test) if chosen is None else chosen
    return False


def branched(tracer: Tracer, node: ast.If, test: str | None, bodies: Sequence[list[Any]], sites: Sequence[Site]) -> None:
    """What two branches do: under the test where `__init__` knows it."""
    if test is not None:
        tracer.events.append(Branch(node, test, bodies[0], bodies[1], "".join(choosers.said(tracer, [node.test]).values())))
        return
    for site in sites:
        site.conditional = True
        if site.ref is not None and site.ref.linen != "Dropout" or own_variables.kind(site) == "param":
            tracer.problem(site.call, f"is created only if `{short(node.test)}`, which is known only in the call")
    tracer.events += [*bodies[0], *bodies[1]]


def _set_in_one(name: str, body: Any, orelse: Any) -> Any:
    """What only one of two branches sets, and `__init__` in the same branch: whoever reads it asks the same first."""
    value = orelse if body is UNKNOWN else body if orelse is UNKNOWN else None
    return value if isinstance(value, (Static, Array)) and value.text == name else None
