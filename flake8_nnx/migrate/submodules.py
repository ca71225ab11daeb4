"""The constructor calls of submodules in NNX: sizes, arguments, streams, and what moves to their calls.

Layers come from the catalog, classes of the project take the sizes that their plans ask for.
"""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from flake8_nnx.catalog.construct import call as nnx_call
from flake8_nnx.catalog.construct import construct
from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.migrate import bridge, chosen_layers, detached, fields, inlined, late_dtypes, lifting, merged, recurrent
from flake8_nnx.migrate import tied_heads, untold
from flake8_nnx.migrate.attributes import has_init
from flake8_nnx.migrate.lifted import lifts_of
from flake8_nnx.migrate.lines import quoted
from flake8_nnx.migrate.sizes import open_size, open_sizes_of
from flake8_nnx.source import ported
from flake8_nnx.source.call_dtypes import call_dtype
from flake8_nnx.source.features import WORD, site_sizes, trace
from flake8_nnx.source.given import CALL_FLAGS
from flake8_nnx.source.graphs import THROUGH
from flake8_nnx.source.makers import made_by
from flake8_nnx.source.parts import parts
from flake8_nnx.source.recurrent import made_for
from flake8_nnx.source.values import Module, Partial, Site, elements

if TYPE_CHECKING:
    from flake8_nnx.migrate.plan import Planner


def class_code(planner: Planner, site: Site) -> str | None:
    """The constructor call of one class that a submodule may have."""
    assert site.ref is not None
    if site in planner.attributes.bridged:
        return bridged_code(planner, site)
    if site.ref.nnx is not None:
        return ported_code(planner, site)
    sizes: dict[str, str] = {}
    for name, size in site_sizes(site, planner.outside).items():
        text = planner.spell(inlined.written_out(planner, size) if site.method == "setup" else size)
        words = set(WORD.findall(text or ""))
        changing = words & planner.later.get(site, set())
        if text is None or changing or site.method == "setup" and planner.in_call & words:
            kind = "shape" if name.endswith("_shape") else "size"
            turns = {word for loop in site.loops for word in WORD.findall(loop.target)}
            each = any(turns & planner.carries[carry] for carry in changing)
            text = open_size(planner, site, name, kind, each)
        if text is None:
            return None
        sizes[name] = text
    for name, kind in open_sizes_of(planner, site).items():
        text = open_size(planner, site, name, kind)
        if text is None:
            return None
        sizes[name] = text
    planner.open.note(site, sizes, [size.name for size in planner.sizes if not size.whole])
    if site.ref.linen == "Sequential":
        return sequential_code(planner, site)
    reason = recurrent.given_carry(site, [size.argument for size in planner.sizes])
    if reason:
        planner.refuse(site.call, reason)
        return None
    arguments = constructor_arguments(planner, site)
    if arguments is None:
        return None
    positional, keywords = arguments
    if site.ref.local is not None:
        if "rngs" in site.keywords and "rngs" not in planner.facts.fields_of(site.ref.local):
            planner.refuse(site.call, f"`{site.ref.name}` has no field `rngs`")  # others fail as they did, when they run
            return None
        return local_code(planner, site, sizes, positional, keywords)
    layer = LAYERS.get(site.ref.linen or "")
    if layer is None:
        planner.refuse(site.call, f"nn.{site.ref.linen} has no NNX spelling that this version writes")
        return None
    if layer.sizes and not sizes and all(method == detached.METHOD for _, method, _ in site.inputs):
        opened = [open_size(planner, site, name) for name in layer.sizes]
        if None in opened:
            return None
        sizes = dict(zip(layer.sizes, map(str, opened)))
        planner.open.note(site, sizes, [])
    if layer.sizes and not layer.variables and not layer.refuse:
        planner.refuse(site.call, f"the variables of nn.{layer.linen} have another layout in NNX: {layer.note}")
        return None
    bound = [*site.given.keywords] if site.given else ()
    made = construct(layer, positional, keywords, sizes, bound_before=bound, extra=late_dtypes.moved(planner, site))
    for problem in made.problems:
        planner.refuse(site.call, problem)
    for node, method, _ in site.inputs:
        if method == "__call__" and node not in planner.plan.arguments and isinstance(node, ast.Call):
            call_arguments(planner, layer, node)
    return recurrent.with_streams(layer, made.code)


def ported_code(planner: Planner, site: Site) -> str | None:
    """A module that has moved already comes out of its bridge."""
    assert site.ref is not None
    names = ported.parameters(site.ref, planner.facts)
    sizes: dict[str, str] = {}
    written = []
    named = [(name, value) for name, value in site.keywords.items() if name not in ("name", "parent")]
    for name, expression in [*zip(names, site.positional), *named]:
        size = any(isinstance(node, ast.Attribute) and node.attr == "shape" for node in ast.walk(expression))
        text = planner.spell(site.texts.get(id(expression)))
        text = open_size(planner, site, name) if text is None and size else text
        if text is None:
            planner.refuse(expression, f"`{quoted(expression)}` in `{quoted(site.call)}` is known only in the call")
            return None
        sizes.update({name: text} if size else {})
        text = planner.functions(text, expression)
        written.append(text if any(expression is value for value in site.positional) else f"{name}={text}")
    planner.open.note(site, sizes, [size.name for size in planner.sizes if not size.whole])
    if len(names) < len(site.positional):
        planner.refuse(site.call, f"`{quoted(site.call)}` is given more arguments than `{site.ref.name}` is known to take")
    bare = any(keyword.arg == "skip_rng" and ast.unparse(keyword.value) == "True" for keyword in site.call.keywords)
    return f"{site.ref.nnx}({', '.join(written if bare else [*written, 'rngs=rngs'])})"


def bridged_code(planner: Planner, site: Site) -> str | None:
    """The Linen module in its wrapper; its calls say which state they may update."""
    assert site.ref is not None
    state = bridge.updated(site.ref, planner.facts)
    reason = bridge.problem(site, planner.facts)
    if reason is None and state and planner.attributes.nested(site):
        reason = f"`{site.ref.name}` in nn.Sequential stays Linen, so that nothing says to update {', '.join(state)}"
    if reason is not None:
        planner.refuse(site.call, reason)
        return None
    arguments = []
    named = [(f"{name}=", value) for name, value in site.keywords.items() if name not in ("name", "parent")]
    for prefix, expression in [*(("", value) for value in site.positional), *named]:
        text = planner.spell(site.texts.get(id(expression)))
        if text is None and bridge.is_module_class(expression, planner.facts):
            text = ast.unparse(expression)
        if text is None:
            planner.refuse(expression, f"`{quoted(expression)}` in `{quoted(site.call)}` is known only in the call")
            return None
        arguments.append(f"{prefix}{text}")
    for node in dict.fromkeys(node for node, _, _ in site.inputs) if state else ():  # one line may run in several methods
        planner.plan.keywords.setdefault(node, []).append(("mutable", f"[{', '.join(map(repr, state))}]".replace("'", '"')))
    if site.ref.name not in planner.plan.bridges:
        planner.plan.bridges[site.ref.name] = site.call.lineno
        note = f"`{site.ref.name}` stays Linen: after construction, nnx.bridge.lazy_init(model, …) makes its variables"
        planner.plan.notes.append(f"line {site.call.lineno}: {note}, with inputs as for init")
    return f"nnx.bridge.ToNNX({ast.unparse(site.call.func)}({', '.join(arguments)}), rngs=rngs)"


def constructor_arguments(planner: Planner, site: Site) -> tuple[list[str], dict[str, str]] | None:
    positional: list[str] = []
    keywords: dict[str, str] = {}
    names = LAYERS[site.ref.linen].linen_args if site.ref and site.ref.linen and site.ref.linen in LAYERS else ()
    if site.ref is not None and site.ref.local is not None:
        names = tuple(planner.facts.fields_of(site.ref.local))
    pairs: list[tuple[str | None, ast.expr]] = [(None, a) for a in site.positional]
    pairs += [(k, v) for k, v in site.keywords.items() if k not in ("name", "parent")]
    for index, (keyword, expression) in enumerate(pairs):
        text = planner.spell(site.texts.get(id(expression)))
        name = keyword or (names[index] if index < len(names) else None)
        if text is None and name == "param_dtype":
            text = untold.param_dtype(planner, site)
        if text is not None:
            text = planner.functions(text, expression)
            if keyword is None:
                positional.append(text)
            else:
                keywords[keyword] = text
            continue
        part = dict(parts(site, planner.facts)).get(name or "")
        if part is not None and planner.attributes.nested(part):
            code = planner.module_code(part)
            statement = made_for(part, site, planner.facts)
            if statement is not None:
                planner.plan.removed.add(statement)
            if code is None:
                return None
            if keyword is None and site.ref is not None and site.ref.local is not None:
                positional.append(code)
            else:
                keywords[name or ""] = code  # written by position where NNX takes it so
            continue
        held = site.fields.get(name or "")
        if isinstance(held, Partial):
            text = fields.class_text(planner, held, site, expression)
            if text is None:
                return None
            if keyword is None:
                positional.append(text)
            else:
                keywords[keyword] = text
            continue
        if site.ref and site.ref.linen and name in CALL_FLAGS and (keyword is not None or index == len(site.positional) - 1):
            move_to_call(planner, site, name, expression)
            continue
        late = call_dtype(site, planner.facts)
        if late is not None and late.dtype is expression:
            continue
        own = site.ref.local if site.ref is not None else None
        if keyword is not None and own is not None and merged.taken(own, keyword):
            move_to_call(planner, site, keyword, expression)
            continue
        reason = f"`{quoted(expression)}` in `{quoted(site.call)}` is known only in the call"
        planner.refuse(expression, reason, late_dtypes.advice(site, expression))
        return None
    return positional, keywords


def move_to_call(planner: Planner, site: Site, name: str, expression: ast.expr) -> None:
    """`nn.Dropout(0.5, deterministic=not train)(x)` becomes `self.dropout(x, deterministic=not train)`."""
    if site in planner.attributes.groups or site.through and not made_by(site, planner.facts, planner.cls):
        if name not in chosen_layers.flags(site):
            planner.refuse(site.node, f"`{name}=` of what `{quoted(site.node)}` makes is known only in the call")
        return  # it is written where that stands, see `expanded` and `chosen_layers`
    for node, method, given in site.inputs:
        if method == THROUGH:
            planner.refuse(expression, f"`{quoted(expression)}` is known only in the call, which jraph makes")
        if method == "__call__" and name not in given:
            planner.plan.keywords.setdefault(node, [])
            if name not in [k for k, _ in planner.plan.keywords[node]]:
                planner.plan.keywords[node].append((name, planner.text.segment(expression, {})))


def call_arguments(planner: Planner, layer: Any, node: ast.Call) -> None:
    """Rewrites the arguments of a layer's call only where NNX wants them otherwise."""
    if any(isinstance(a, ast.Starred) for a in node.args) or any(k.arg is None for k in node.keywords):
        planner.refuse(node, f"`{quoted(node)}` is called with * or ** arguments")
        return
    positional = [ast.unparse(a) for a in node.args]
    keywords = {k.arg: ast.unparse(k.value) for k in node.keywords if k.arg}
    wanted, problems = nnx_call(layer, positional, keywords)
    for problem in problems:
        planner.refuse(node, problem)
    plain = [*positional, *(f"{k}={v}" for k, v in keywords.items())]
    if wanted != plain:
        planner.plan.arguments[node] = list(wanted)


def local_code(planner: Planner, site: Site, sizes: dict[str, str], positional: list[str], keywords: dict[str, str]) -> str:
    assert site.ref is not None and site.ref.local is not None
    planner.uses(site.call, site.ref)
    keywords = {**keywords, **tied_heads.told(planner, site)}
    # Sizes come first in the new signature; positional fields follow them unchanged.
    arguments = [*sizes.values(), *positional, *(f"{name}={text}" for name, text in keywords.items())]
    if has_init(trace(site.ref.local)):
        arguments.append("rngs=rngs")
    lifts = [lift for lift in lifts_of(site, planner.facts) if lift.kind != "jit"]
    if not site.lifts:
        return f"{site.spelled or ast.unparse(site.call.func)}({', '.join(arguments)})"
    return lifting.lifted_code(planner, site, lifts, ", ".join(arguments))


def sequential_code(planner: Planner, site: Site) -> str | None:
    layers = elements(site.fields.get("layers"))
    expression = (site.positional or list(site.keywords.values()))[0]
    if layers is None or not isinstance(expression, (ast.List, ast.Tuple)):
        planner.refuse(site.call, "nn.Sequential of a computed list is not handled")
        return None
    parts = []
    for value, element in zip(layers, expression.elts):
        if isinstance(value, Module):
            code = planner.module_code(value.site)
            if code is None:
                return None
            parts.append(code)
        else:
            parts.append(planner.functions(planner.text.segment(element, {}), element))
    return f"nnx.Sequential({', '.join(parts)})"
