"""Module classes as values: fields that hold one, partials, and flags that only the call of their giver knows.

A class that is handed on becomes the NNX class with NNX argument names; what is made of it names the parameter that holds it.
"""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_nnx.catalog.construct import bind
from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.migrate import merged
from flake8_nnx.migrate.edits import STARS
from flake8_nnx.source.given import CALL_FLAGS
from flake8_nnx.source.values import Partial, Site

if TYPE_CHECKING:
    from flake8_nnx.migrate.plan import Planner


def made_of_field(planner: Planner, site: Site) -> str | None:
    """`self.conv(features, (3, 3))` of a field: the call of whatever class it holds, which must be one for all of them."""
    if site.lifts != (site.given.lifts if site.given is not None else ()):
        planner.refuse(site.call, f"`{ast.unparse(site.call.func)[:60]}` is lifted, and its class is given")
        return None
    codes: dict[str, str] = {}
    options = [option for option in (site, *site.options) if not _without_twin(planner, option)] or [site]
    for option in options:
        assert option.ref is not None and option.given is not None
        if option.given.positional:
            planner.refuse(site.call, f"the field `{site.via}` is given a partial with positional arguments", "name them")
            return None
        code = planner.class_code(option)
        if option.ref.local is not None:
            planner.plan.perhaps.add(id(option.ref.local.node))
        if code is None:
            return None
        codes.setdefault(f"{site.via}{code[code.index('('):]}", option.ref.name)
    if len(codes) > 1:
        names = " and ".join(f"`{name}`" for name in codes.values())
        planner.refuse(site.call, f"{names}, which `{site.via}` may be, want different arguments in NNX")
        return None
    flags = {option.given.flags for option in options if option.given is not None}
    for option in options:
        assert option.given is not None
        local = option.ref.local if option.ref is not None else None
        if local is not None and not all(merged.taken(local, flag) for flag in option.given.flags):
            planner.refuse(site.call, f"`{site.via}` may be `{local.name}` with flags that only the call knows")
    if len(flags) > 1:  # some of the classes take them
        hand_down(planner, site, STARS + f"{site.via}_flags", f"{site.via}_flags")
        return next(iter(codes))
    for flag in sorted(flags.pop() - {*site.keywords}):
        hand_down(planner, site, flag, flag)
    return next(iter(codes))


def _without_twin(planner: Planner, option: Site) -> bool:
    """Whether NNX has no such layer, so that nothing can be given here in its place."""
    layer = LAYERS.get(option.ref.linen or "") if option.ref is not None else None
    if layer is None or not layer.refuse:
        return False
    note = f"`{option.via}` cannot be nn.{layer.linen} any more: {layer.refuse}"
    if note not in planner.plan.notes:
        planner.plan.notes.append(note)
    return True


def hand_down(planner: Planner, site: Site, flag: str, text: str) -> None:
    """Give a flag to each call of the module at `site`; one of the caller's own becomes a parameter of its method."""
    for node, method, given in site.inputs:
        if flag in given:
            continue
        if method != "__call__" or not isinstance(node, ast.Call):
            planner.refuse(site.call, f"`{flag}`, which is known only in the call, does not reach `{ast.unparse(node)[:60]}`")
            return
        words = planner.plan.keywords.setdefault(node, [])
        if flag not in [name for name, _ in words]:
            words.append((flag, text))
        if text == flag.removeprefix(STARS):
            function = planner.facts.enclosing_method(node)
            if function is None or function.name != "__call__":
                planner.refuse(site.call, f"`{flag}` is known only to whoever calls `__call__`")
            elif flag.startswith(STARS) and function.args.kwarg is not None:
                planner.refuse(site.call, f"only some of the classes that `{site.via}` may be take flags of the call")
            elif flag not in {a.arg for a in [*function.args.args, *function.args.kwonlyargs]}:
                added = planner.plan.added.setdefault(function, [])
                if flag not in added:
                    added.append(flag)


def class_text(planner: Planner, value: Partial, site: Site | None, node: ast.expr) -> str | None:
    """A module class as an argument, `partial(nnx.BatchNorm, momentum=0.9)`; flags of the call go to the calls of `site`."""
    local = value.ref.local
    layer = LAYERS.get(value.ref.linen or "")
    problem = "is a lifted class as a value, which this version does not move" if value.lifts else ""
    if value.positional:
        problem = "is a partial with positional arguments"
    elif local is None and (layer is None or layer.refuse or not layer.nnx or layer.sizes and not layer.variables):
        problem = "is a layer without an NNX twin of the same layout"
    if problem:
        planner.refuse(node, f"`{ast.unparse(node)[:60]}` {problem}")
        return None
    keywords: dict[str, str] = {}
    flags = {flag: flag for each in value.given[:1] for flag in each.flags}
    for name, expression in value.keywords.items():
        text = planner.spell(value.texts.get(id(expression)))
        if text is not None:
            keywords[name] = planner.functions(text, expression)
            flags.pop(name, None)
        elif name in CALL_FLAGS and site is not None and (local is None or merged.taken(local, name)):
            flags[name] = planner.text.segment(expression, {})
        else:
            planner.refuse(expression, f"`{ast.unparse(expression)[:60]}` in `{name}=` of a partial is known only in the call")
            return None
    if site is not None:
        for flag, text in flags.items():
            hand_down(planner, site, flag, text)
    if local is not None:
        planner.uses(site.call if site is not None else node, value.ref)
        planner.plan.perhaps.add(id(local.node))
        callee, arguments = value.via or value.spelled or local.name, [f"{name}={text}" for name, text in keywords.items()]
    else:
        assert layer is not None
        arguments, problems = bind(layer, keywords)
        for each in problems:
            planner.refuse(node, each)
        callee = value.via or f"nnx.{layer.nnx}"
    return f"{value.maker}({', '.join([callee, *arguments])})" if arguments else callee
