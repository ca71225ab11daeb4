"""What one place of a class that creates something becomes: a line of `__init__`, and what the call reads instead.

Submodules, parameters, variables and streams of random numbers.
"""
from __future__ import annotations

import ast
from keyword import iskeyword
from typing import TYPE_CHECKING

from flake8_nnx.migrate import setup_sites, untold, variables
from flake8_nnx.migrate.attributes import is_param, is_sow, is_variable
from flake8_nnx.migrate.model import Line
from flake8_nnx.migrate.lines import quoted
from flake8_nnx.source.choosers import Same
from flake8_nnx.source.values import Site

if TYPE_CHECKING:
    from flake8_nnx.migrate.plan import Planner


def emit_site(planner: Planner, site: Site, level: int) -> None:
    if site.shares is not None:
        planner.plan.removed.add(site.shares)
    if planner.attributes.nested(site):
        return  # written inside the constructor call of the layer that holds it
    if is_variable(site):
        return emit_variable(planner, site, level)
    if site.ref is None and not is_param(site):
        return emit_stream(planner, site, level)
    code = param_code(planner, site) if site.ref is None else planner.module_code(site)
    if code is None:
        return
    if site.silent:
        return planner.line(level, f"{planner.attributes.reference(site)} = {code}")
    here = planner.attributes.reference(site)
    if site.ref is None and (names := variables.computed_name(site)):
        made, name = names
        told = variables.told_name(site)
        line = f"self.{told} = {code}" if told else f"setattr(self, {planner.spell(made)}, {code})"
        planner.line(level, line, (), site.call)
        planner.plan.expressions.setdefault(site.call, f"getattr(self, {planner.text.segment(name, {})})[...]")
        return
    if site.method == "setup":
        setup_sites.setup_site(planner, site, level, code)
        return
    if site.loops:
        planner.line(level, f"{planner.attributes.list_at(site, len(site.loops) - 1)}.append({code})", (), site.node)
    else:
        planner.line(level, f"{here} = {code}", (), site.node)
    value = here if site.ref is not None else f"{here}[...]"
    value = value if not site.loops else planner.attributes.item(site, len(site.loops) - 1)
    if site.through or site in planner.attributes.groups:
        planner.expanded[site] = value
    else:
        planner.plan.expressions.setdefault(site.call, value)


def emit_same(planner: Planner, same: Same, level: int) -> None:
    """`lambda x: x` where others of the layers that a function chooses are kept."""
    site = planner.attributes.chosen(same.node)
    if site.loops:
        return planner.line(level, f"{planner.attributes.list_at(site, len(site.loops) - 1)}.append({same.text})")
    planner.line(level, f"{planner.attributes.reference(site)} = {same.text}")


def emit_variable(planner: Planner, site: Site, level: int) -> None:
    """`self.variable('cache', 'index', init, *args)` becomes an attribute, or a cache that is made when it is asked for."""
    name = ast.literal_eval(site.positional[1])
    here = f"self.{planner.attributes.stems[site]}"
    for node, variable in variables.values_read(site, planner.facts, planner.cls.node):
        planner.plan.expressions[node] = f"{variable or here}[...]"
    if variables.is_eager(site):
        texts = [planner.functions(planner.spell(site.texts[id(a)]) or "", a) for a in variables.initialiser(site)]
        parent = planner.facts.names.parent(site.call)
        changed = variables.updated_by_init(site, planner.facts, planner.cls.node)
        if changed is not None:
            reason = f"`init` runs this update of {name!r} once, which the constructor of NNX does not"
            planner.refuse(changed, reason, "put it under `if not self.is_initializing():`")
        kind, definition = variables.kind_of(site, planner.facts)
        if definition:
            planner.plan.above[kind] = definition
        code = f"{here} = {variables.made(site, kind, texts, planner.facts)}"
        if site.method == "setup" and isinstance(parent, (ast.Assign, ast.AnnAssign)):
            planner.line(level, code, (), parent)
            planner.plan.removed.add(parent)
        else:
            planner.line(level, code, (), site.call)
            planner.plan.expressions.setdefault(site.call, here)
        return
    arguments = [planner.functions(planner.text.segment(a, {}), a) for a in variables.initialiser(site)]
    given = ", ".join([f'"{name}"', *arguments])
    planner.plan.expressions[site.call] = f"self.{variables.LAZY}({given})"
    if variables.LAZY_METHOD not in planner.plan.methods:
        planner.plan.methods.append(variables.LAZY_METHOD)
        note = "the cache is made when a call first asks for it: make that call outside of jax transforms"
        planner.plan.notes.append(f"line {site.call.lineno}: {note}")


def emit_stream(planner: Planner, site: Site, level: int) -> None:
    """`self.make_rng('dropout')` becomes `self.rngs.dropout()`, on a fork of the streams given at construction."""
    if is_sow(site):
        return
    stream = ast.literal_eval(site.positional[0]) if site.positional else "params"
    if not isinstance(stream, str) or not stream.isidentifier() or iskeyword(stream):
        planner.refuse(site.call, f"the stream {stream!r} is no name that Python allows", "rename it")
        return
    planner.plan.expressions[site.call] = f"self.rngs.{stream}()"
    if not any(line.text == "self.rngs = rngs.fork()" for line in planner.plan.init):
        planner.plan.init.insert(0, Line(0, "self.rngs = rngs.fork()"))


def param_code(planner: Planner, site: Site) -> str | None:
    """`nnx.Param(init(rngs.params(), shape, dtype))` for `self.param(name, init, shape, dtype)`."""
    named = {name: value for name, value in site.keywords.items() if name != "unbox" or ast.unparse(value) != "True"}
    if {"unbox", "init_fn", "name"} & named.keys():
        planner.refuse(site.call, "self.param with `unbox=`, `name=` or `init_fn=` is not handled", "give it by position")
        return None
    arguments = [*site.positional[1:], *named.values()]
    texts = [planner.spell(site.texts.get(id(argument))) for argument in arguments]
    texts = untold.filled(planner, site, arguments, texts)
    if None in texts or len(site.positional) < 2:
        planner.refuse(site.call, f"`{quoted(site.call)}` needs values that only the call knows")
        return None
    initialiser, *rest = [planner.functions(t or "", a) for t, a in zip(texts, arguments)]
    before = len(site.positional) - 2
    if before and not site.loops:
        planner.open.told_by_param(site, rest[0], [size.name for size in planner.sizes if not size.whole])
    rest = [*rest[:before], *(f"{name}={text}" for name, text in zip(named, rest[before:]))]
    if (value := variables.constant(initialiser)) is not None:
        return f"nnx.Param({value})"
    callee = f"({initialiser})" if initialiser.startswith("lambda") else initialiser
    return f"nnx.Param({callee}({', '.join(['rngs.params()', *rest])}))"
