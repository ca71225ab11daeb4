"""What a construction site learns when its module is called: input sizes, and the output for what follows.

Built-in layers answer from the catalogue; classes of the same file are traced with the values of this site.
"""
from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.source import shapes
from flake8_nnx.source.linen import Facts, LinenClass
from flake8_nnx.source.values import Array, Items, Module, Repeated, Site, Size, Static, Unknown, elements

if TYPE_CHECKING:
    from flake8_nnx.source.trace import Tracer

MAX_DEPTH = 6


def constructor_values(site: Site, facts: Facts, value: Callable[[ast.expr], Any]) -> dict[str, Any]:
    """Constructor arguments by name, as abstract values."""
    ref = site.ref
    if ref is None:
        return {}
    if ref.linen:
        layer = LAYERS.get(ref.linen)
        names = layer.linen_args if layer else ()
    else:
        names = tuple(facts.fields_of(ref.local)) if ref.local else ()
    found = {name: value(expression) for name, expression in zip(names, site.positional)}
    found.update({name: value(expression) for name, expression in site.keywords.items()})
    if ref.local:
        for name, field in facts.fields_of(ref.local).items():
            if name not in found and field.default is not None and facts.module_class(field.default) is None:
                found[name] = value(field.default)
    return found


def applied(
    tracer: Tracer, site: Site, method: str, node: ast.Call, positional: list[Any], keywords: dict[str, Any]
) -> Any:
    """Record a call of the module at `site` and say what comes out."""
    ref = site.ref
    if ref is None:
        return Unknown()
    if ref.local is not None:
        arguments = bound(tracer.facts.method_of(ref.local, method), positional, keywords)
        site.inputs.append((node, method, arguments))
        if not site.sizes and any(isinstance(value, Array) for value in arguments.values()):
            site.sizes = {"?": None}  # resolved when the class's own parameters are known
        return output_of(tracer, ref.local, site.fields, method, arguments)
    site.inputs.append((node, method, dict(enumerate_arguments(site, positional, keywords))))
    if ref.linen == "Sequential":
        return sequential(tracer, site, node, positional)
    data = positional[0] if positional else next(iter(keywords.values()), Unknown())
    layer = LAYERS.get(ref.linen or "")
    given = dict(enumerate_arguments(site, positional, keywords))
    if layer is not None and not site.sizes:
        sized_by = given.get(layer.sized_by, data) if layer.sized_by else data
        site.sizes = {name: feature_size(name, sized_by, site) for name in layer.sizes}
        if "in_kv_features" in layer.extra_sizes and isinstance(given.get("inputs_k"), Array):
            site.sizes["in_kv_features"] = feature_size("in_kv_features", given["inputs_k"], site)
    if method == "attend":
        return Array()
    return shapes.layer_output(ref.linen or "", data, site.fields)


def enumerate_arguments(site: Site, positional: list[Any], keywords: dict[str, Any]) -> list[tuple[str, Any]]:
    layer = LAYERS.get(site.ref.linen or "") if site.ref else None
    names = layer.call_args if layer else ()
    return [*zip(names, positional), *keywords.items()]


def feature_size(name: str, data: Any, site: Site) -> Size:
    """Value of a size parameter of a built-in layer: the last axis, or the axes it contracts."""
    if not isinstance(data, Array):
        return None
    chosen = site.fields.get("axis", site.fields.get("feature_axes"))
    axes = shapes.integers(chosen) if chosen is not None else None
    if chosen is not None and axes is None:
        return None
    if name in ("in_features", "num_features") and axes and (len(axes) > 1 or axes[0] != -1):
        sizes = [data.size(-axis) if axis < 0 else data.at(axis) for axis in axes]
        if None in sizes:
            return None
        return sizes[0] if len(sizes) == 1 else f"({', '.join(map(str, sizes))})"
    return data.size(1)


def sequential(tracer: Tracer, site: Site, node: ast.Call, positional: list[Any]) -> Any:
    """Run the input through the layers of an `nn.Sequential`."""
    layers = elements(site.fields.get("layers"))
    value = positional[0] if positional else Unknown()
    if layers is None:
        return Unknown()
    for layer in layers:
        if isinstance(layer, Module):
            value = tracer.apply(layer.site, "__call__", node, [value], {})
        elif isinstance(layer, Repeated):
            return Unknown()
        elif not isinstance(layer, Static):
            return Unknown()
    return value


def bound(method: ast.FunctionDef | None, positional: list[Any], keywords: dict[str, Any]) -> dict[str, Any]:
    """Arguments of a method call by parameter name."""
    if method is None:
        return dict(keywords)
    names = [a.arg for a in [*method.args.posonlyargs, *method.args.args]][1:]
    return {**dict(zip(names, positional)), **keywords}


def output_of(tracer: Tracer, cls: LinenClass, fields: dict[str, Any], method: str, arguments: dict[str, Any]) -> Any:
    """Output of a class of this file for these fields and inputs, in the caller's terms."""
    function = tracer.facts.method_of(cls, method)
    if function is None or tracer.depth >= MAX_DEPTH:
        return Unknown()
    known = {name: value for name, value in fields.items() if not isinstance(value, Unknown)}
    key = (id(cls.node), method, repr(known), repr(arguments))
    if key not in tracer.facts.outputs:
        tracer.facts.outputs[key] = Unknown()  # of a class inside itself
        tracer.facts.outputs[key] = traced_output(tracer, cls, known, function, arguments)
    return tracer.facts.outputs[key]


def traced_output(
    tracer: Tracer, cls: LinenClass, known: dict[str, Any], function: ast.FunctionDef, arguments: dict[str, Any]
) -> Any:
    from flake8_nnx.source.trace import Tracer as NewTracer  # the two call each other

    inner = NewTracer(cls, tracer.facts, tracer.source, known, tracer.depth + 1)
    setup = tracer.facts.method_of(cls, "setup")
    if setup is not None:
        inner.block(setup.body, {})
    names = [a.arg for a in [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]][1:]
    env = {name: arguments.get(name, Unknown()) for name in names}
    output = inner.body(function.body, env)
    carried = {carry for event in inner.trace.events for carry in getattr(event, "carried", {})}
    return without(output, carried)


def without(value: Any, names: set[str]) -> Any:
    """The value as far as it can be said without these names, which mean nothing outside the class."""

    def visible(size: Size) -> Size:
        if isinstance(size, str) and names & {n.id for n in ast.walk(ast.parse(size)) if isinstance(n, ast.Name)}:
            return None
        return size

    if isinstance(value, Array):
        return Array(value.base, {axis: visible(size) for axis, size in value.axes.items()}, value.rank)
    items = elements(value)
    return value if items is None else Items(tuple(without(item, names) for item in items))
