"""What a construction site learns when its module is called: input sizes, and the output for what follows.

Built-in layers answer from the catalogue; classes of the project are traced with the values of this site.
"""
from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.source import lifts, ported, recurrent, shapes
from flake8_nnx.source.joins import join
from flake8_nnx.source.linen import Facts, LinenClass
from flake8_nnx.source.methods import defaults, filled_fields
from flake8_nnx.source.names import BUILTINS
from flake8_nnx.source.sizes import Size
from flake8_nnx.source.values import (
    Array,
    AtLeast,
    Function,
    Items,
    Module,
    Partial,
    Repeated,
    Site,
    Static,
    Unknown,
    elements,
    words,
)

if TYPE_CHECKING:
    from flake8_nnx.source.trace import Tracer

MAX_DEPTH = 12
# They return the carry, and the hidden state of as many features.
CELLS = frozenset({"LSTMCell", "OptimizedLSTMCell", "GRUCell", "SimpleCell", "MGUCell"})


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
            if name not in found and field.default is not None and field.facts.module_class(field.default) is None:
                found[name] = value(field.default) if field.facts is facts else literal(field.default)
    return found


def literal(node: ast.expr) -> Any:
    """The value of an expression of another file, whose names mean nothing here."""
    free = any(isinstance(part, ast.Name) for part in ast.walk(node))
    return Unknown() if free else Static(ast.unparse(node))


def applied(
    tracer: Tracer, site: Site, method: str, node: ast.Call, positional: list[Any], keywords: dict[str, Any]
) -> Any:
    """Record a call of the module at `site` and say what comes out, of each class where a field may hold several."""
    output = applied_as(tracer, site, method, node, positional, keywords)
    for option in site.options:
        other = applied_as(tracer, option, method, node, positional, keywords)
        assert option.ref is not None
        name = option.ref.local.name if option.ref.local is not None else f"nnx.{option.ref.linen}"
        output = join(tracer, other, output, f"{site.via} is {name}")
    return output


def applied_as(
    tracer: Tracer, site: Site, method: str, node: ast.Call, positional: list[Any], keywords: dict[str, Any]
) -> Any:
    """Record a call of the module at `site` and say what comes out."""
    ref = site.ref
    if ref is None:
        return Unknown()
    if ref.local is not None:
        if site.lifts and not site.copies:
            site.copies = lifts.count(site.lifts, positional, tracer.facts)
        inside = lifts.into(site.lifts, positional, tracer.facts)
        defined = tracer.facts.method_of(ref.local, method)
        arguments = {**handed_on(defined, node), **bound(defined, inside[:plain(node, len(inside))], keywords)}
        site.inputs.append((node, method, arguments))
        if not site.sizes and any(isinstance(value, Array) for value in arguments.values()):
            site.sizes = {"?": None}  # resolved when the class's own parameters are known
        return lifts.out_of(site.lifts, output_of(tracer, ref.local, site.fields, method, arguments), tracer.facts)
    site.inputs.append((node, method, dict(enumerate_arguments(site, positional, keywords))))
    if method == "initialize_carry":
        return Unknown()
    if ref.nnx is not None:
        return ported.output_of(tracer, site, method, positional, keywords)
    if ref.linen == "Sequential":
        return sequential(tracer, site, node, positional)
    if ref.linen in recurrent.PARTS and method == "__call__":
        data = positional[0] if positional else keywords.get("inputs")
        return recurrent.output_of(tracer, site, node, data, keywords.get("initial_carry"))
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
    if ref.linen in CELLS and method == "__call__":
        return Items((data, shapes.layer_output("Dense", given.get("inputs"), site.fields)))
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


def plain(node: ast.Call, count: int) -> int:
    """How many of so many positional arguments stand before one with a star."""
    return next((place for place, argument in enumerate(node.args) if isinstance(argument, ast.Starred)), count)


def handed_on(method: ast.FunctionDef | None, node: ast.Call) -> dict[str, Any]:
    """`self.decoder(*args, **kwargs)` may give any argument: nothing is known of them, not even that they are left out."""
    starred = any(isinstance(argument, ast.Starred) for argument in node.args)
    if method is None or not starred and all(keyword.arg for keyword in node.keywords):
        return {}
    spec = method.args
    names = [argument.arg for argument in [*[*spec.posonlyargs, *spec.args][1:], *spec.kwonlyargs]]
    return dict.fromkeys(names, Unknown())


def output_of(tracer: Tracer, cls: LinenClass, fields: dict[str, Any], method: str, arguments: dict[str, Any]) -> Any:
    """Output of a class of the project for these fields and inputs, in the caller's terms."""
    home = cls.facts.defining(cls, method)
    if home is None or tracer.depth >= MAX_DEPTH:
        return Unknown()
    filled = set().union(*map(filled_fields, cls.facts.ancestors(cls)))
    known = {name: value for name, value in fields.items() if not isinstance(value, Unknown) and name not in filled}
    key = (id(cls.node), method, repr(known), repr(arguments))
    outputs = tracer.facts.outputs
    if key not in outputs:
        outputs[key] = Unknown()  # of a class inside itself
        outputs[key] = traced_output(tracer, cls, known, home, method, arguments)
    return outputs[key]


def traced_output(
    tracer: Tracer, cls: LinenClass, known: dict[str, Any], home: LinenClass, method: str, arguments: dict[str, Any]
) -> Any:
    from flake8_nnx.source.trace import Tracer as NewTracer  # the two call each other

    abroad = cls.facts is not tracer.facts
    if abroad:
        known = {name: value for name, value in known.items() if portable(value)}
        arguments = {name: value if portable(value) else Unknown() for name, value in arguments.items()}
    modules = [value.site for value in known.values() if isinstance(value, Module)]
    given = {site: (len(site.inputs), dict(site.sizes)) for site in modules}
    inner = NewTracer(cls, known, tracer.depth + 1, tracer.optional)
    inner.run_setup()
    inner.method = method
    function = home.methods[method]
    names = [a.arg for a in [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]][1:]
    inner.enter(home)
    left_out = {name: inner.evaluator.value(value, {}) for name, value in defaults(function).items() if name not in arguments}
    env = {name: arguments.get(name, Unknown()) for name in names} | left_out
    output = inner.body(function.body, env)
    carried = {carry for event in inner.trace.events for carry in getattr(event, "carried", {})}
    own = {*cls.facts.fields_of(cls)} - {*known}
    told = {word for value in (*known.values(), *arguments.values()) for word in words(value)} if abroad else None
    for site, (calls, sizes) in given.items():
        learnt(tracer, site, calls, sizes, carried | own, told)
    return without(output, carried | own, told)


def learnt(
    tracer: Tracer, site: Site, calls: int, sizes: dict[str, Size], names: set[str], told: set[str] | None
) -> None:
    """What a module has learnt of its inputs in the class that is given it, in the terms of the class that makes it."""
    for _, method, arguments in site.inputs[calls:]:
        site.within.append((method, {name: without(value, names, told) for name, value in arguments.items()}))
    del site.inputs[calls:]
    if site.sizes and not sizes:
        tracer.sized.append(site)
        site.sizes = {name: size if visible(size, names, told) else None for name, size in site.sizes.items()}


def portable(value: Any) -> bool:
    """Whether a value means the same to a class of another file: it holds no expressions of this one."""
    if isinstance(value, Function) or isinstance(value, Partial) and (value.positional or value.keywords or value.lifts):
        return False
    return all(portable(item) for item in elements(value) or ())


def without(value: Any, names: set[str], told: set[str] | None = None) -> Any:
    """The value as far as it can be said without these names, which mean nothing outside the class.

    With `told`, what the caller has told the class, no others mean anything either: the class stands in another file.
    """

    if isinstance(value, Array):
        axes = {axis: size if visible(size, names, told) else None for axis, size in value.axes.items()}
        return Array(value.base, axes, value.rank)
    if isinstance(value, AtLeast):
        return AtLeast(tuple(without(item, names, told) for item in value.items))
    items = elements(value)
    if items is not None:
        return Items(tuple(without(item, names, told) for item in items))
    if told is not None and not isinstance(value, Static):
        return Unknown()
    return value if told is None or visible(value.text, names, told) else Unknown()


def visible(size: Size, names: set[str], told: set[str] | None) -> bool:
    """Whether a size is told without these names, and by those that the caller knows."""
    found = words(size)
    return not found & names and (told is None or found <= told | BUILTINS)
