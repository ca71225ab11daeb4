"""Fields that hold a built-in layer, `wrapped: nn.Dense`: what the class may do with it, for the NNX layer to answer alike.

Where the class shares the scope of what it holds, in Linen the variables of both stand side by side.
"""
from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from flake8_nnx.catalog.construct import call as nnx_call
from flake8_nnx.catalog.layers import LAYERS, Layer
from flake8_nnx.catalog.settings import AS_TUPLES, EQUATION, SETTINGS, told
from flake8_nnx.migrate import any_module
from flake8_nnx.source.events import Trace
from flake8_nnx.source.features import trace
from flake8_nnx.source.held import runs, runs_as_is, runs_at_all, shared_fields
from flake8_nnx.source.idle import idle, reads_of
from flake8_nnx.source.inittext import root_is_self
from flake8_nnx.source.linen import Facts, LinenClass, ModuleRef
from flake8_nnx.source.values import Module

LAYERS_HELD = {name: LAYERS[name] for name in SETTINGS}
FREE = ("Embed",)  # of which more is read than its settings
RUN = "call it in the class"


def fields(cls: LinenClass) -> dict[str, Layer]:
    """The fields that hold a built-in layer of which a class may be given one."""
    return {name: LAYERS_HELD[str(ref.linen)] for name, ref in held(cls).items() if ref.linen in LAYERS_HELD}


def held(cls: LinenClass) -> dict[str, ModuleRef]:
    """The class of what each field holds, where its annotation says one and the class may run it."""
    refs = {name: field.facts.annotated_module(field.annotation) for name, field in cls.facts.fields_of(cls).items()}
    return {name: ref for name, ref in refs.items() if ref is not None and name not in idle(cls)}


def problems(cls: LinenClass) -> list[tuple[ast.AST, str, str]]:
    """Where the class, or one that it derives from, wants more of such layers than NNX has, with why and what to do."""
    found: list[tuple[ast.AST, str, str]] = []
    for name, layer in fields(cls).items():
        if layer.linen in FREE:
            continue
        if not runs_at_all(cls, name):
            found.append(_never_runs(cls, name, layer))
            continue
        for home in cls.facts.ancestors(cls):
            asked = ((node, _unlike(node, layer, home.facts, cls)) for node in reads_of(home, name))
            found += [(node, *reasons) for node, reasons in asked if reasons is not None]
    shared = ((name, statement) for name, statement in shared_fields(cls).items() if name not in idle(cls))
    told = {name for name, layer in fields(cls).items() if layer.linen not in FREE and not runs_at_all(cls, name)}
    return found + [each for name, line in shared if name not in told and (each := _unshared(cls, name, line)) is not None]


def _never_runs(cls: LinenClass, name: str, layer: Layer) -> tuple[ast.AST, str, str]:
    """Why a class does not take settings in the place of a layer that it never runs, which would have variables in NNX."""
    for node in reads_of(cls, name):
        above = cls.facts.names.parent(node)
        if not isinstance(above, ast.Attribute):
            return node, f"`{ast.unparse(above or node).splitlines()[0][:60]}` hands on the layer in `{ast.unparse(node)}`", RUN
        if above.attr not in layer.linen_args:
            reason = f"`{ast.unparse(above)}` is no setting of the nn.{layer.linen}, which the class never runs"
            return node, reason, "compute it in the class"
    reason = f"the class never runs the layer in `{name}`, which would have variables in NNX"
    return cls.facts.fields_of(cls)[name].node, reason, "give it the settings of the layer instead"


def _unlike(node: ast.Attribute, layer: Layer, facts: Facts, cls: LinenClass) -> tuple[str, str] | None:
    """Why the NNX layer does not answer alike where the class uses the one in a field, and what to do; None where it does."""
    above = facts.names.parent(node)
    if isinstance(above, ast.Attribute):
        known = above.attr in SETTINGS[layer.linen] or above.attr in EQUATION.get(layer.linen, ()) and runs_as_is(cls, node.attr)
        known = known or above.attr in AS_TUPLES.get(layer.linen, ()) and _becomes_tuple(above, facts)
        reason = f"nnx.{layer.nnx} does not tell what `{ast.unparse(above)}` asks of nn.{layer.linen}"
        return None if known else (reason, "give it to the class in a field of its own")
    if isinstance(above, ast.Call) and above.func is node:
        positional = [ast.unparse(argument) for argument in above.args]
        keywords = {keyword.arg or "**": ast.unparse(keyword.value) for keyword in above.keywords}
        wanted, reasons = nnx_call(layer, positional, keywords)
        plain = [*positional, *(f"{name}={text}" for name, text in keywords.items())]
        reasons += () if wanted == plain else (f"nnx.{layer.nnx} takes other arguments than `{ast.unparse(above)[:60]}` gives",)
        return (reasons[0], "keep the Linen class for now, or wrap it with nnx.bridge.ToNNX") if reasons else None
    text = ast.unparse(above or node).splitlines()[0][:60]
    plain_use = any_module.plain(node, facts)
    return None if plain_use else (f"`{text}` hands on the layer in `{ast.unparse(node)}`", RUN)


def _becomes_tuple(node: ast.expr, facts: Facts) -> bool:
    """Whether all that is done with a number or a sequence is to make it a tuple, here or in the class that is given it."""
    above = facts.names.parent(node)
    call = facts.names.parent(above) if isinstance(above, ast.keyword) else above
    if not isinstance(call, ast.Call) or node is call.func:
        return False
    if facts.linen_name(call.func) == "_canonicalize_tuple":
        return True
    ref = facts.module_class(call.func)
    if ref is None or ref.local is None:
        return False
    names = tuple(ref.local.facts.fields_of(ref.local))
    name = above.arg if isinstance(above, ast.keyword) else names[call.args.index(node)]
    reads = [(part, home.facts) for home in ref.local.facts.ancestors(ref.local) for part in ast.walk(home.node)]
    own = ((part, home) for part, home in reads if root_is_self(part) and part.attr == name)  # type: ignore
    return name in names and all(_becomes_tuple(part, home) for part, home in own)  # type: ignore[arg-type]


def _unshared(cls: LinenClass, name: str, statement: ast.stmt) -> tuple[ast.AST, str, str] | None:
    """Why the variables of a field cannot stand among those of the class."""
    line = f"`{ast.unparse(statement).splitlines()[-1].strip()}`"
    ref = held(cls).get(name)
    if ref is None or ref.linen is not None and ref.linen not in LAYERS_HELD:
        return statement, f"{line} shares the scope of a module whose class cannot be told", f"annotate `{name}` with its class"
    if ref.local is not None and held(ref.local):
        return statement, f"{line} shares the scope of a module that holds others", "share none, or hold none there"
    if not runs(cls, name):
        reason = f"{line} shares the scope of a layer that may not run, so that Linen gives it no variables"
        return statement, reason, "run it always"
    both = sorted(_own_names(cls) & _variables(ref))
    if both:
        return statement, f"the class and the layer in `{name}` both make `{both[0]}` in one scope", "rename that of the class"
    return None


def _own_names(cls: LinenClass) -> set[str]:
    texts = (ast.unparse(site.positional[0]) for site in trace(cls).sites if site.ref is None and site.positional)
    return {text.strip("'\"") for text in texts}


def _variables(ref: ModuleRef) -> set[str]:
    if ref.local is not None:
        return _own_names(ref.local)
    return {variable.linen.partition("/")[0] for variable in LAYERS[str(ref.linen)].variables}


def slots(cls: LinenClass) -> list[dict[str, Any]]:
    """Slots of the variable map for what the fields hold."""
    found: list[dict[str, Any]] = []
    shared, layers = shared_fields(cls), fields(cls)
    for name, ref in held(cls).items():
        slot = {"linen": name, "nnx": name, **({"shared": True} if name in shared else {})}
        if name in layers:
            found.append({**slot, "leaves": {f"{v.collection}/{v.linen}": v.nnx for v in layers[name].variables}})
        elif name in shared and ref.local is not None:
            found.append({**slot, "class": ref.local})
    return found


def notes(cls: LinenClass) -> list[str]:
    """What the answers of NNX layers lack that the class reads."""
    asked = {f"self.{name}.{text}" for name, layer in fields(cls).items() for text in EQUATION.get(layer.linen, ())}
    found = {node.lineno: text for node in cls.nodes if isinstance(node, ast.Attribute) and (text := ast.unparse(node)) in asked}
    lines = [f"line {line}: `{text}` has no spaces in NNX, and is never None" for line, text in sorted(found.items())]
    for name, settings in idle(cls).items():
        given, line = ", ".join(f"`{new}`" for new in settings.values()) or "nothing", cls.facts.fields_of(cls)[name].node.lineno
        lines.append(f"line {line}: the layer in `{name}` never runs, so that the class takes {given} in its place")
    return lines


def setting(node: ast.AST, layers: Mapping[str, Layer], parameters: Mapping[str, Mapping[str, str]]) -> str | None:
    """`self.wrapped.out_features` for `self.wrapped.features`, or what that parameter is; None for anything that stays."""
    if not isinstance(node, ast.Attribute) or not root_is_self(node.value):
        return None
    if (known := parameters.get(node.value.attr)) is not None:  # type: ignore[attr-defined]
        return f"self.{known[node.attr]}"
    layer = layers.get(node.value.attr)  # type: ignore[attr-defined]
    text = told(layer.linen, node.attr, ast.unparse(node.value)) if layer is not None else None
    return text if text != ast.unparse(node) else None


def made(found: Trace) -> dict[str, Layer]:
    """The attributes of setup that hold a built-in layer which the class makes itself."""
    sites = {name: value.site for name, value in found.attributes.items() if isinstance(value, Module)}
    kinds = {name: site.ref.linen for name, site in sites.items() if site.ref is not None and site.via is None}
    return {name: LAYERS_HELD[kind] for name, kind in kinds.items() if kind in LAYERS_HELD}


def answer(node: ast.AST, layers: Mapping[str, Layer]) -> str | None:
    """`self.dense.out_features` for `self.dense.features` of such a layer."""
    layer = layers.get(node.value.attr) if _of_own(node) else None  # type: ignore[attr-defined]
    text = SETTINGS[layer.linen].get(node.attr) if layer is not None else None  # type: ignore[attr-defined]
    new = text.format(ast.unparse(node.value)) if text is not None else None  # type: ignore[attr-defined]
    return new if new != ast.unparse(node) else None


def untold(node: ast.AST, layers: Mapping[str, Layer]) -> str | None:
    """Why nothing stands for a setting of such a layer."""
    layer = layers.get(node.value.attr) if _of_own(node) else None  # type: ignore[attr-defined]
    if layer is None or node.attr not in layer.linen_args or node.attr in SETTINGS[layer.linen]:  # type: ignore[attr-defined]
        return None
    return f"nnx.{layer.nnx} does not tell what `{ast.unparse(node)}` asks of nn.{layer.linen}"


def _of_own(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and root_is_self(node.value)
