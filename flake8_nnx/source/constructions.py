"""Construction of layers: the site of a call like `nn.Dense(features)`, with its arguments as `__init__` can write them.

A partial of the class gives arguments as well.
"""
from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flake8_nnx.source import choosers, ported
from flake8_nnx.source.apply import constructor_values
from flake8_nnx.source.dynamic import DYNAMIC
from flake8_nnx.source.inittext import Env, root_is_self
from flake8_nnx.source.literals import is_none
from flake8_nnx.source.spread import written_out
from flake8_nnx.source.values import Held, Module, Partial, Site, Static, Unknown

if TYPE_CHECKING:
    from flake8_nnx.source.trace import Tracer


def construct(tracer: Tracer, node: ast.Call, callee: Partial, positional: list[Any], keywords: dict[str, Any], env: Env) -> Any:
    """A submodule is created here."""
    arguments, named = merge(callee, node)
    handed = choosers.spread(node, env)
    spread = written_out(tracer, node, env, [star for star, _ in handed])
    named = {**named, **(spread or {})}
    in_call = {**callee.in_call, **choosers.said(tracer, [*node.args, *named.values()])}
    for _, rest in handed:
        arguments = [argument for argument in arguments if not isinstance(argument, ast.Starred)]
        named, in_call = {**named, **rest.keywords}, {**in_call, **rest.in_call}
        callee = replace(callee, texts={**callee.texts, **rest.texts})
    if callee.ref.nnx is not None:
        arguments, named = arguments[1:], {name: value for name, value in named.items() if name not in ported.OPTIONS}
    # Arguments written at this call are evaluated already (they may construct layers); a partial's are not.
    values = {id(a): v for a, v in zip(node.args, positional)}
    values.update({id(k.value): keywords[k.arg] for k in node.keywords if k.arg})
    for _, rest in handed:
        values.update(rest.values)
    texts = {}
    for expression in [*arguments, *named.values()]:
        known = _handed_on(tracer, expression, values.get(id(expression)))
        if id(expression) in values:
            values[id(expression)] = known
        text = known.text if isinstance(known, Static) else None
        if text is None and id(expression) in callee.texts:
            text = callee.texts[id(expression)]
            values.setdefault(id(expression), _of_partial(tracer, expression, text, env))
        elif text is None and not isinstance(known, DYNAMIC):
            text = tracer.evaluator.text(expression, env)
        if text is not None:
            texts[id(expression)] = text
    if "name" in named:
        named = {**named, "name": _known_name(tracer, named["name"], env)}
        if is_none(named["name"]) and callee.ref.nnx is None:
            del named["name"]  # Linen counts it
    givens = callee.given or (None,)
    sites = [
        Site(
            node, given.ref if given else callee.ref, arguments, named, texts, tracer.method, tracer.loops,
            lifts=(*(given.lifts if given else ()), *callee.lifts), via=callee.via, given=given, spelled=callee.spelled,
            in_call=in_call,
        )
        for given in givens
    ]
    if spread is None:
        tracer.problem(node, "is constructed with * or ** arguments")
    for site in sites:
        site.fields = constructor_values(
            site, tracer.facts, lambda e: values[id(e)] if id(e) in values else tracer.evaluator.value(e, env)
        )
    site, *options = sites
    site.options = tuple(options)
    if callee.ref.nnx is not None:
        given = {name: value for name, value in keywords.items() if name not in ported.OPTIONS}
        site.fields = ported.constructor_values(callee.ref, positional[1:], given, tracer.facts)
    parent = named.get("parent")
    if is_none(parent):
        tracer.trace.detached.append(site)
        return Unknown()
    tracer.trace.sites.append(site)
    tracer.events.append(site)
    return Module(site)


def _known_name(tracer: Tracer, node: ast.expr, env: Env) -> ast.expr:
    """A name that a function is given, where it is told: `name=label`; one that an f-string without values is."""
    if isinstance(node, ast.JoinedStr) and all(isinstance(part, ast.Constant) for part in node.values):
        return ast.copy_location(ast.Constant("".join(map(ast.literal_eval, node.values))), node)
    text = tracer.evaluator.text(node, env) if isinstance(node, ast.Name) else None
    value = _literal(text) if text is not None else None
    return ast.copy_location(ast.Constant(value), node) if isinstance(value, str) or text == "None" else node


def _of_partial(tracer: Tracer, node: ast.expr, text: str | None, env: Env) -> Any:
    """The value of an argument that a partial gives; elsewhere than in the class itself it has only its text."""
    return tracer.evaluator.value(node, env) if tracer.depth == 0 else Unknown() if text is None else Static(text)


def _handed_on(tracer: Tracer, node: ast.expr, value: Any) -> Any:
    """`self.embed` of setup as an argument: the class that is given it holds it as well."""
    own = isinstance(value, Module) and tracer.method == "setup" and tracer.depth == 0
    own = own and isinstance(node, ast.Attribute) and root_is_self(node)
    if not own or value.site.loops or value.site.element or value.site.lifts or value.site.choice is not None:
        return value
    return Held(ast.unparse(node), ref=value.site.ref, site=value.site)


def _literal(text: str) -> Any:
    """The literal that a text is; None where it is none."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None


def merge(ref_args: Partial, call: ast.Call) -> tuple[list[ast.expr], dict[str, ast.expr]]:
    """Arguments of a constructor call through the partials around it."""
    keywords = {**ref_args.keywords, **{k.arg: k.value for k in call.keywords if k.arg}}
    return [*ref_args.positional, *call.args], keywords
