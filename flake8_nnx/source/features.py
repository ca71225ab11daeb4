"""Symbolic sizes: what `in_features` is at each construction site, and which sizes a class must be told.

Constructor parameters are named as in the guide: `in_features` for the first argument, `<arg>_features` for others,
`in_shape` and `<arg>_shape` when axes before the last are needed, or as the method calls the one that is.
"""
from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.source.events import Assignment, Branch, Trace
from flake8_nnx.source.linen import Facts, LinenClass
from flake8_nnx.source.literals import is_none
from flake8_nnx.source.methods import defaults
from flake8_nnx.source.opened import stored
from flake8_nnx.source.shorter import shorter
from flake8_nnx.source.trace import Tracer
from flake8_nnx.source.sizes import AXIS, CHOSEN, OPEN, WHOLE, Size
from flake8_nnx.source.values import Array, Graph, Loop, Site, Static, size_of

WORD = re.compile(r"self\.\w+|\w+")
NONE = Static("None")


@dataclass(frozen=True)
class SizeParameter:
    """A constructor parameter that tells a class the size of one of its inputs."""

    name: str  # in_features, in_shape, mask_features, …, length
    argument: str  # the method argument that it describes
    whole: bool  # the shape without the batch axis, instead of one axis alone
    axis: str = ""  # the field that says which axis, instead of the last one
    optional: bool = False  # whether the argument is None where a call leaves it out
    instead: str = ""  # the argument that its layers run on then, as `hidden_states` where there are no `key_value_states`
    place: int = 1  # the axis, counted from the end
    depth: int = 0  # of a shape, how many axes at its end are needed; all of them where 0

    @property
    def index(self) -> str:
        """What takes it from the shape of the argument."""
        return "[1:]" if self.whole else f"[-{self.place}]"


def trace(cls: LinenClass) -> Trace:
    """The trace of a class, made once."""
    traces, key = cls.facts.traces, id(cls.node)
    if key not in traces:
        traces[key] = Tracer(cls).run_all()
    return traces[key]


def needed_sizes(found: Trace, seen: frozenset[int] = frozenset()) -> list[SizeParameter]:
    """The size parameters of a class, in the order of its arguments; classes in `seen` are being asked already."""
    if not seen.isdisjoint(reached(found)):
        return _needed_sizes(found, seen)
    known, key = found.cls.facts.sizes, id(found.cls.node)
    if key not in known:
        known[key] = _needed_sizes(found, seen)
    return list(known[key])


def reached(found: Trace) -> set[int]:
    """The classes whose sizes those of a class depend on, itself among them, by the id of their statements."""
    line, seen = [found], {id(found.cls.node)}
    while line:
        for site in line.pop().sites:
            if site.ref is not None and site.ref.local is not None and id(site.ref.local.node) not in seen:
                seen.add(id(site.ref.local.node))
                line.append(trace(site.ref.local))
    return seen


def _needed_sizes(found: Trace, seen: frozenset[int]) -> list[SizeParameter]:
    axes: dict[str, set[int]] = {}
    chosen: dict[str, str] = {}
    inside = seen | {id(found.cls.node)}
    for text in size_texts(found, inside):
        for axis, argument in AXIS.findall(text):
            axes.setdefault(argument, set()).add(int(axis))
        for argument in WHOLE.findall(text):
            axes.setdefault(argument, set()).add(0)
        for field, argument in CHOSEN.findall(text):
            axes.setdefault(argument, set())
            chosen[argument] = field
    call = found.cls.facts.method_of(found.cls, "__call__")
    first = next((a.arg for a in call.args.args[1:]), None) if call else None
    order = [name for arguments in found.arguments.values() for name in arguments]
    fields = set(found.cls.facts.fields_of(found.cls))
    used = {*fields, *(f"{name}_{kind}" for name in axes for kind in ("features", "shape")), "rngs"}
    parameters: list[SizeParameter] = []
    for argument in sorted(axes, key=lambda name: order.index(name) if name in order else len(order)):
        named = named_axis(found, argument, axes[argument])
        if named is not None and named not in {*used, *(parameter.name for parameter in parameters)}:
            parameters.append(SizeParameter(named, argument, False, place=max(axes[argument])))
            continue
        whole = axes[argument] != {1} and argument not in chosen
        stem = "in" if argument == first else argument
        name = f"{stem}_shape" if whole else f"{stem}_features"
        own = f"input_{name}" if name in fields or _otherwise(found, name, argument) else name
        axis = "" if axes[argument] else chosen[argument]
        optional = not whole and not axis and may_be_left_out(found.cls, argument)
        instead = _instead(found, argument, inside) if optional else ""
        depth = 0 if 0 in axes[argument] else max(axes[argument], default=0)
        parameters.append(SizeParameter(own, argument, whole, axis, optional, instead, depth=depth))
    return parameters


def named_axis(found: Trace, argument: str, axes: set[int]) -> str | None:
    """The name that a method gives the one axis of an argument that is needed, not the last: `in_features = x.shape[-2]`."""
    if len(axes) != 1 or axes <= {0, 1} or may_be_left_out(found.cls, argument):
        return None
    size = f"axis{max(axes)}_of_{argument}"
    names = [name for event in found.events for name in getattr(event, "names", ()) if event.text == f"{name} = {size}"]
    if len(names) != 1 or names[0] in found.cls.facts.names.module.bindings:
        return None
    name = names[0]
    written = [node for cls in found.cls.facts.ancestors(found.cls) for node in cls.nodes if stored(node) == name]
    given = [other for event in events(found.events) for part in ("names", "carried") for other in getattr(event, part, ())]
    return name if len(written) == 1 == given.count(name) else None


def _otherwise(found: Trace, name: str, argument: str) -> bool:
    """Whether `__init__` gives this name to something else than the size of the argument."""
    same = {f"{name} = axis1_of_{argument}", f"{name} = sizes_of_{argument}"}
    return any(name in getattr(event, "names", ()) and event.text not in same for event in events(found.events))


def _instead(found: Trace, argument: str, seen: frozenset[int]) -> str:
    """The argument that the layers of a class run on where this one is left out: one, and the same for all of them."""
    own = f"axis1_of_{argument}"
    others = set()
    for site in found.sites:
        sizes = site_sizes(site, seen)
        used = [name for name, size in sizes.items() if argument in {word for _, word in AXIS.findall(str(size))}]
        for name in used:
            runs = _runs(site, name, seen) if sizes[name] == own else set()
            others.add(runs.pop() if len(runs) == 1 else "")
    return others.pop() if len(others) == 1 else ""


def _runs(site: Site, size: str, seen: frozenset[int]) -> set[str]:
    """The arguments of a class whose last axis this size of a layer may be, but for the first call."""
    found: set[str] = set()
    if site.ref is not None and site.ref.local is not None:
        parameter = next(p for p in needed_sizes(trace(site.ref.local), seen) if p.name == size)
        values = [given.get(parameter.instead) for _, _, given in site.inputs]
    else:
        values = [next(iter(given.values()), None) for _, method, given in site.inputs[1:] if method == "__call__"]
    for value in values:
        known = AXIS.fullmatch(str(value.size(1))) if isinstance(value, Array) else None
        found.add(known.group(2) if known is not None and known.group(1) == "1" else "")
    return found


def may_be_left_out(cls: LinenClass, argument: str) -> bool:
    """Whether `None` is the default of an argument, in every method that has it."""
    methods = [method for owner in cls.facts.ancestors(cls) for method in owner.methods.values()]
    takes = [m for m in methods if argument in {a.arg for a in (*m.args.posonlyargs, *m.args.args, *m.args.kwonlyargs)}]
    known = [defaults(method).get(argument) for method in takes]
    return bool(known) and all(map(is_none, known))


def size_texts(found: Trace, seen: frozenset[int] = frozenset()) -> list[str]:
    """Every text of `__init__` that is needed to create the sites, and so may mention the size of an input."""
    needed: list[str] = []
    definitions: dict[str, list[str]] = {}
    for site in found.sites:
        needed += [str(size) for size in site_sizes(site, seen).values() if size is not None]
        needed += site.texts.values()
        needed += [] if site.copies is None else [str(site.copies)]
    # What comes after all sites may use a name again, for something else.
    last = max((i for i, event in enumerate(found.events) if any(isinstance(e, Site) for e in events([event]))), default=-1)
    for event in events(found.events[: last + 1]):
        creates = isinstance(event, (Branch, Loop)) and any(isinstance(e, Site) for e in events([event]))
        if isinstance(event, Assignment):
            for name in event.names:
                right = "" if isinstance(event.node, ast.FunctionDef) else event.text.partition(" = ")[2]
                definitions.setdefault(name, []).append(right or event.text)
        elif isinstance(event, Branch) and creates:
            needed.append(event.test)
        elif isinstance(event, Loop) and creates:
            needed.append(event.iterable)
        for carry, sizes in getattr(event, "carried", {}).items():
            definitions.setdefault(carry, []).extend(str(size) for size in sizes if size is not None)
    reached: set[str] = set()
    position = 0
    while position < len(needed):
        for word in WORD.findall(needed[position]):
            if word in definitions and word not in reached:
                reached.add(word)
                needed += definitions[word]
        position += 1
    return needed


def events(found: list[Any]) -> Iterator[Any]:
    """All events, nested ones too, in order."""
    for event in found:
        yield event
        if isinstance(event, Branch):
            yield from events(event.body)
            yield from events(event.orelse)
        elif isinstance(event, Loop):
            yield from events(event.body)


def site_sizes(site: Site, seen: frozenset[int] = frozenset()) -> dict[str, Size]:
    """Size arguments of one construction: from the catalogue, or the class's own parameters filled in."""
    ref = site.ref
    if ref is not None and ref.linen is not None and ref.linen in LAYERS and LAYERS[ref.linen].refuse:
        return {}  # it has no twin that could be given sizes
    if ref is None or ref.local is None:
        return {name: size for name, size in site.sizes.items() if name != "?"}
    if id(ref.local.node) in seen:
        return {}
    sizes: dict[str, Size] = {}
    calls = [*(given for _, _, given in site.inputs), *(given for _, given in site.within)]
    inner = trace(ref.local)
    for parameter in needed_sizes(inner, seen):
        if parameter.optional and calls and all(given.get(parameter.argument, NONE) == NONE for given in calls):
            if not parameter.instead:
                sizes[parameter.name] = "None"  # no layer runs on it
                continue
            parameter = replace(parameter, argument=parameter.instead)
        sizes[parameter.name] = next(
            (s for given in calls if (s := argument_size(parameter, given, inner, site.fields)) is not None), None
        )
    return sizes


def argument_size(
    parameter: SizeParameter, given: Mapping[str, Any], inner: Trace, fields: Mapping[str, Any] | None = None
) -> Size:
    value = given.get(parameter.argument)
    for name, graph in given.items() if value is None else ():  # `graphs_nodes` of `graphs`
        part = parameter.argument.removeprefix(f"{name}_")
        value = getattr(graph, part) if isinstance(graph, Graph) and part in ("nodes", "edges", "globals") else value
    if not isinstance(value, Array):
        return None
    if parameter.axis:
        axis = size_of((fields or {}).get(parameter.axis))
        return value.at(axis) if isinstance(axis, int) else None
    if not parameter.whole:
        return value.size(parameter.place)
    dims = value.dims()
    if dims is None and not value.axes and value.like == (value.base, 0):
        return f"sizes_of_{value.base}"
    told = dims[1:] if dims is not None else [None]
    if None in told:
        told = [value.size(axis) for axis in range(parameter.depth, 0, -1)]
    return f"({', '.join(map(str, told))}{',' if len(told) == 1 else ''})" if told and None not in told else None


def spelled(text: Size, parameters: list[SizeParameter], opened: Mapping[str, str] | None = None) -> str | None:
    """The text with `axisK_of_arg` replaced by the parameters: `in_features`, `in_shape[-2]`; with names for open sizes."""
    for match in OPEN.finditer(str(text)):
        if not opened or match.group() not in opened:
            return None
        text = str(text).replace(match.group(), opened[match.group()])
    if text is None:
        return None
    by_argument = {p.argument: p for p in parameters}
    for field, argument in CHOSEN.findall(str(text)):
        parameter = by_argument.get(argument)
        if parameter is None or parameter.axis != field:
            return None
        text = str(text).replace(f"axis_by_{field}_of_{argument}", parameter.name)

    def replacement(match: Any) -> str:
        parameter = by_argument.get(match.group(2))
        if parameter is None:
            return f"{match.group(2)}_features"
        return f"{parameter.name}[-{match.group(1)}]" if parameter.whole else parameter.name

    whole = {p.argument: p.name for p in parameters if p.whole}
    text = WHOLE.sub(lambda match: whole.get(match.group(1), match.group()), str(text))
    return shorter(AXIS.sub(replacement, text))


def sizes(call: ast.Call, facts: Facts) -> dict[str, str]:
    """Known sizes of a constructor call in a Linen class, as source for its `__init__`; empty when unknown."""
    cls = facts.enclosing_class(call)
    if cls is None:
        return {}
    found = trace(cls)
    for site in found.sites:
        if site.call is call:
            parameters = needed_sizes(found)
            spelt = {name: spelled(size, parameters) for name, size in site_sizes(site).items()}
            return {name: text for name, text in spelt.items() if text is not None}
    return {}
