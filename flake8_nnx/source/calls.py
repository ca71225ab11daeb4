"""Calls: what is called is a layer, a class, a function of the project, a method of an array or a function of a library.

Each kind has its own file; here is told which it is.
"""
from __future__ import annotations

import ast
import functools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flake8_nnx.source import array_functions, choosers, graphs, handed, held, members, named_axes, opened, own_variables, ported
from flake8_nnx.source import partials, shapes
from flake8_nnx.source.constructions import construct, merge
from flake8_nnx.source.dynamic import dynamic
from flake8_nnx.source.inittext import Env, of_super, root_is_self
from flake8_nnx.source.joins import join
from flake8_nnx.source.linen import CLASS_TRANSFORMS, LINEN, PARTIAL
from flake8_nnx.source.makers import called_in_setup
from flake8_nnx.source.members import held_output
from flake8_nnx.source.optional import filtered, given_ones
from flake8_nnx.source.values import (
    Array,
    Chosen,
    Either,
    Function,
    Graph,
    Held,
    Items,
    Module,
    Network,
    Partial,
    Static,
    Unknown,
    elements,
    one_of,
)

if TYPE_CHECKING:
    from flake8_nnx.source.evaluate import Evaluator


def call(evaluator: Evaluator, node: ast.Call, env: Env) -> Any:
    """The value of a call; what it constructs or runs on the way is recorded."""
    tracer, func = evaluator.tracer, node.func
    scoped = isinstance(func, ast.Attribute) and func.attr == "make_rng" and ast.unparse(func.value) == "self.scope"
    if scoped or root_is_self(func) and func.attr in ("param", "variable", "sow", "make_rng"):  # type: ignore[attr-defined]
        return own_variables.called(tracer, node, env)
    if tracer.method == "setup" and handed.fields_read(node, evaluator.facts, tracer.attributes) is not None:
        return _handed(evaluator, node, env)
    if of_super(func):
        positional, keywords = evaluator.arguments(node, env)
        method = tracer.inherited(func.attr)  # type: ignore[attr-defined]
        return tracer.inline(method, positional, keywords, env) if isinstance(method, Function) else Unknown()
    origin = evaluator.facts.origin(func)
    if (equation := held.merged(tracer, node)) is not None:
        return equation
    if origin in PARTIAL and node.args:
        inner = evaluator.value(node.args[0], env)
        if isinstance(inner, Partial):
            positional, keywords = merge(inner, ast.Call(node.args[0], node.args[1:], node.keywords))
            given = [*node.args[1:], *(keyword.value for keyword in node.keywords)]
            texts = {**inner.texts, **{id(e): evaluator.text(e, env) for e in given}}
            said = {**inner.in_call, **choosers.said(tracer, given)}
            maker = ast.unparse(func)
            return replace(inner, positional=tuple(positional), keywords=keywords, texts=texts, maker=maker, in_call=said)
    if origin in CLASS_TRANSFORMS and node.args:
        inner = evaluator.value(node.args[0], env)
        if isinstance(inner, Partial):
            return replace(inner, lifts=(*inner.lifts, node))
    if tracer.ported and origin == "flax.nnx.List" and len(node.args) == 1:
        return evaluator.value(node.args[0], env)
    new = ported.made(node, evaluator.facts, tracer.ported)
    if new is not None:
        positional, keywords = evaluator.arguments(node, env)
        if tracer.ported:
            return Module(ported.site_of(tracer, node, new, positional, keywords))
        return construct(tracer, node, Partial(new), positional, keywords, env)
    if origin is None and isinstance(func, ast.Name) and func.id == "isinstance" and len(node.args) == 2:
        decided = members.is_instance(evaluator.value(node.args[0], env), node.args[1], evaluator.facts)
        if decided is not None:
            return Static(str(decided))
    if origin is None and isinstance(func, ast.Name) and func.id == "map" and len(node.args) == 2:
        return _mapped(evaluator, node, env)
    if origin is None and isinstance(func, ast.Name) and func.id == "tuple" and len(node.args) == 1:
        present = filtered(node.args[0])
        if present is not None:
            return given_ones(evaluator.value(present, env))
    # A receiver that is an array: its methods; otherwise evaluate the callee first, as Python does.
    if isinstance(func, ast.Attribute) and not root_is_self(func) and origin is None:
        owner = evaluator.value(func.value, env)
        if isinstance(owner, Graph) and func.attr == "_replace":
            return graphs.replaced(owner, evaluator.arguments(node, env)[1])
        if isinstance(owner, Array):
            return array_functions.method(tracer, owner, func.attr, node, env)
        if one_of(owner):
            return _applied(evaluator, owner, func.attr, node, *evaluator.arguments(node, env), env)
        if isinstance(owner, Held):
            evaluator.arguments(node, env)
            return Unknown()
        callee: Any = Unknown()
        if isinstance(owner, Static):
            positional, keywords = evaluator.arguments(node, env)
            return Unknown() if dynamic([*positional, *keywords.values()]) else evaluator.as_static(node, env)
    else:
        callee = evaluator.value(func, env)
    if isinstance(callee, Partial):
        positional, keywords = evaluator.arguments(node, env)
        return construct(tracer, node, callee, positional, keywords, env)
    positional, keywords = evaluator.arguments(node, env)
    if isinstance(callee, Chosen):
        return partials.made(tracer, node, callee, positional, keywords, env)
    if isinstance(callee, Network):
        return graphs.run(tracer, callee, positional[0] if positional else Unknown(), node, env)
    network = graphs.made(origin, positional, keywords) if origin is not None else None
    if network is not None:
        return network
    if one_of(callee):
        return _applied(evaluator, callee, "__call__", node, positional, keywords, env)
    if isinstance(callee, Held):
        return held_output(callee, positional)
    if isinstance(callee, Function):
        return _of_function(evaluator, callee, node, positional, keywords, env)
    if origin is None and (known := named_axes.tupled(node, positional)) is not None:
        return known
    origin = origin or _default(evaluator, func, callee)
    if origin in shapes.SEGMENTS and positional:
        return shapes.segmented(positional[0])
    if origin:
        alike = LINEN + origin[len("flax.nnx."):] if tracer.ported and origin.startswith("flax.nnx.") else origin
        found = array_functions.function(tracer, alike, node, positional, keywords, env)
        if found != Unknown():
            return found
    elif isinstance(callee, Static) and len(positional) == 1 and isinstance(positional[0], Array):
        return positional[0]  # `self.activation(x)`: a function of one array is taken to keep its shape
    return Unknown() if dynamic([callee, *positional, *keywords.values()]) else evaluator.as_static(node, env)


def _of_function(
    evaluator: Evaluator, callee: Function, node: ast.Call, positional: list[Any], keywords: dict[str, Any], env: Env
) -> Any:
    """What a function of the project makes, as a part of this method or as a call that `__init__` has as well."""
    tracer = evaluator.tracer
    events, sites = len(tracer.events), len(tracer.trace.sites)
    outside = isinstance(node.func, ast.Name) and node.func.id not in env
    own = called_in_setup(tracer, callee)
    method = tracer.method if outside or own else None
    with choosers.called(tracer, callee, node, outside or own) as chosen:
        found = tracer.inline(callee, positional, keywords, env, method, chosen)
    for site in tracer.trace.sites[sites:] if outside or own else ():
        site.through = (node, *site.through)
    if isinstance(found, Chosen):
        if not partials.gives(callee.node, callee.facts):
            tracer.problem(node, "does more than to choose a partial")
        return found
    if outside and len(tracer.trace.sites) == sites and not dynamic([*positional, *keywords.values()]):
        del tracer.events[events:]  # `__init__` calls the function; what happens inside it is not its business
        return found if isinstance(found, Array) else evaluator.as_static(node, env)
    if not isinstance(found, Unknown) or dynamic([*positional, *keywords.values()]):
        return found
    return evaluator.as_static(node, env)


def _mapped(evaluator: Evaluator, node: ast.Call, env: Env) -> Any:
    """`map(f, (q, k, v))`: what f makes of each."""
    made, items = node.args[0], elements(evaluator.value(node.args[1], env))
    function = Function(made, evaluator.facts, dict(env)) if isinstance(made, ast.Lambda) else evaluator.value(made, env)
    if items is None or not isinstance(function, Function):
        return Unknown()
    return Items(tuple(evaluator.tracer.inline(function, [item], {}, env) for item in items))


def _default(evaluator: Evaluator, func: ast.expr, callee: Any) -> str | None:
    """The function that a field is by default: others in its place are taken to do the same to shapes."""
    if not isinstance(func, ast.Attribute) or not root_is_self(func) or not isinstance(callee, Static):
        return None
    if callee.text not in (func.attr, f"self.{func.attr}"):
        return None  # of another class, which gives it
    field = evaluator.facts.fields_of(evaluator.tracer.cls).get(func.attr)
    default = field.facts.origin(field.default) if field is not None and field.default is not None else None
    return default if default in shapes.SEGMENTS else None


def _handed(evaluator: Evaluator, node: ast.Call, env: Env) -> Any:
    """What a function makes of the fields of this module; a parent knows nothing of it."""
    texts = ["self" if isinstance(a, ast.Name) and a.id == "self" else evaluator.text(a, env) for a in node.args]
    known = evaluator.tracer.depth == 0 and None not in texts
    return Static(f"{ast.unparse(node.func)}({', '.join(map(str, texts))})") if known else Unknown()


def _applied(
    evaluator: Evaluator, callee: Any, method: str, node: ast.Call, positional: list[Any], keywords: dict[str, Any], env: Env
) -> Any:
    """Output of a call of one of several submodules."""
    positional = opened.followed(evaluator.tracer, one_of(callee), node, positional, env) if method == "__call__" else positional
    outputs = [evaluator.tracer.apply(module.site, method, node, positional, keywords) for module in one_of(callee)]
    outputs += positional[:1] if isinstance(callee, Either) and callee.or_same else []
    return functools.reduce(lambda a, b: join(evaluator.tracer, a, b, None), outputs)
