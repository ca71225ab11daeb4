"""Classes that derive from others of the project: what the base creates is created by `super().__init__`.

Where the class replaces everything that the base creates, its constructor stands alone.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flake8_nnx.migrate import refuse
from flake8_nnx.migrate.model import ClassPlan, Parameter
from flake8_nnx.source.events import Assignment, Branch, Trace
from flake8_nnx.source.features import argument_size, events, trace
from flake8_nnx.source.linen import LINEN, Facts, Field, LinenClass
from flake8_nnx.source.names import BUILTINS
from flake8_nnx.source.sizes import Size
from flake8_nnx.source.values import Loop, Site

CREATING = frozenset({"param", "variable", "make_rng", "sow", "perturb", "get_variable", "put_variable"})


@dataclass(frozen=True)
class Parts:
    """The trace of a class by whose statements it follows: its own, as a trace, and what the base brings."""

    own: Trace
    inherited: tuple[Any, ...]  # events that `super().__init__` takes care of


def parts(found: Trace) -> Parts:
    above = nodes_of_bases(found.cls)
    own = replace(
        found,
        events=[event for event in found.events if found.placed.get(event, place(event)) not in above],
        sites=[site for site in found.sites if site.node not in above],
        problems=[problem for problem in found.problems if problem[0] not in above],
    )
    inherited = tuple(event for event in events(found.events) if place(event) in above and _lasting(event))
    return Parts(own, inherited)


def nodes_of_bases(cls: LinenClass) -> set[ast.AST]:
    return {node for base in cls.facts.ancestors(cls)[1:] for node in ast.walk(base.node)}


def place(event: Any) -> ast.AST:
    return event.node  # type: ignore[no-any-return]


def _lasting(event: Any) -> bool:
    """Whether the module has something of it: a layer, a variable, an attribute."""
    return isinstance(event, Site) or isinstance(event, Assignment) and any(name.startswith("self.") for name in event.names)


def check_bases(plan: ClassPlan, facts: Facts) -> None:
    """Refuse bases that an NNX class cannot have, or whose constructor cannot be told."""
    cls = plan.cls
    linen = 0
    for base in cls.node.bases:
        name = base.value if isinstance(base, ast.Subscript) else base
        ref = facts.module_class(name)
        origin = facts.origin(name) or ""
        if ref is not None and ref.local is not None:
            linen += 1
        elif ref is not None and ref.linen not in ("Module", "RNNCellBase"):
            add = ", which has no twin to derive from" if ref.linen else ", whose file is not known"
            refuse.add(plan, base, f"`{cls.name}` derives from `{ast.unparse(base)}`{add}")
        elif ref is None and origin.startswith("flax."):
            refuse.add(plan, base, f"`{cls.name}` derives from `{ast.unparse(base)}` as well")
        elif ref is None and (call := _creates(name, facts)) is not None:
            refuse.add(plan, base, f"the mixin `{ast.unparse(base)}` calls `{ast.unparse(call)[:40]}`", "make it a Linen module")
    if linen > 1:
        refuse.add(plan, cls.node, f"`{cls.name}` derives from several Linen classes")
    if not plan.refusals and not linen and not {LINEN + "Module", LINEN + "RNNCellBase"} & {*cls.bases}:
        refuse.add(plan, cls.node, f"`{cls.name}` derives from {', '.join(cls.bases)}, which is not known to be a Linen module")


def _creates(node: ast.expr, facts: Facts) -> ast.Call | None:
    """What a class of this file that is no module does as only a module can."""
    binding = facts.names.binding(node) if isinstance(node, ast.Name) else None
    cls = binding.node if binding is not None and binding.kind == "class" else None
    for call in ast.walk(cls) if cls is not None else ():
        own = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in CREATING
        if own and isinstance(call.func.value, ast.Name) and call.func.value.id == "self":  # type: ignore[attr-defined]
            return call  # type: ignore[return-value]
    return None


def problem(found: Trace, inherited: Parts, base: ClassPlan) -> str | None:
    """Why `super().__init__` cannot create what the class inherits."""
    there = [event for event in events(trace(base.cls).events) if _lasting(event)]
    here = [place(event) for event in events(found.events) if _lasting(event)]
    for event in there:
        if place(event) not in here:
            return f"it replaces a part of what `{base.name}` creates (line {getattr(place(event), 'lineno', 0)})"
    if len(set(here)) < len(here):
        twice = next(node for node in here if here.count(node) > 1)
        return f"what `{base.name}` creates (line {getattr(twice, 'lineno', 0)}) is created twice"
    brought = set(map(id, inherited.inherited))
    for event in events(inherited.own.events):
        inner = [*event.body, *event.orelse] if isinstance(event, Branch) else event.body if isinstance(event, Loop) else []
        if any(id(each) in brought for each in inner):
            line = getattr(place(event), "lineno", 0)
            return f"`{base.name}` is called under a condition or in a loop (line {line})"
    return None


def sizes_of_base(found: Trace, base: ClassPlan) -> Iterator[tuple[str, Size]]:
    """The size parameters of the base, in terms of what the class is called with."""
    above = trace(base.cls)
    for parameter in base.sizes:
        names = [name for name, arguments in above.arguments.items() if parameter.argument in arguments]
        methods = [base.cls.facts.method_of(base.cls, name) for name in names]
        given = (arguments for method, arguments in found.calls if method in methods)
        known = (argument_size(parameter, arguments, above) for arguments in given)
        size = next((size for size in known if size is not None), None)
        if size is None and not parameter.whole:
            size = _of_layer(f"axis{parameter.place}_of_{parameter.argument}", found, above)
        yield parameter.name, size


def _of_layer(wanted: str, found: Trace, above: Trace) -> Size:
    """What a layer of the base takes here that takes `wanted` there."""
    here = {site.node: site for site in found.sites}
    for site in above.sites:
        for name, size in site.sizes.items():
            if size == wanted and site.node in here and here[site.node].sizes.get(name) is not None:
                return here[site.node].sizes[name]
    return None


def told_by_base(sites: list[Site], base: ClassPlan, given: Mapping[str, str]) -> dict[Site, dict[str, Any]]:
    """Which parameters of the class the variables of the base tell; `given` are the base's with their texts."""
    found = {}
    for site in sites:
        known = base.told.get(site.node, {})
        told = {given[name]: source for name, source in known.items() if given.get(name, "").isidentifier()}
        if told:
            found[site] = told
    return found


def hidden(node: ast.expr, field: Field, facts: Facts) -> str | None:
    """A name in the declaration of a field that the file of the class does not have; None when it has them all."""
    if field.facts is facts:
        return None
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and part.id not in BUILTINS:
            here, there = facts.names.lookup(part.id, facts.names.module), field.facts.names.binding(part)
            if here is None or there is None or there.kind == "import" and here.origin != there.origin:
                return part.id
    return None


def hiding(stems: Mapping[Site, str], both: Parts) -> set[str]:
    """Names that the class gives to something of its own and that something of the base has."""
    inherited = {stems[event] for event in both.inherited if isinstance(event, Site) and event in stems}
    return inherited & {stems[site] for site in both.own.sites if site in stems}


def same_signature(plan: ClassPlan, base: ClassPlan) -> bool:
    def shape(parameters: list[Parameter]) -> list[tuple[str, str | None]]:
        return [(parameter.name, parameter.default) for parameter in parameters]

    return shape(plan.parameters) == shape(base.parameters)


def read_by_bases(cls: LinenClass) -> frozenset[str]:
    """Attributes of self that inherited methods read."""
    found = set()
    for base in cls.facts.ancestors(cls)[1:]:
        for node in ast.walk(base.node):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
                found.add(node.attr)
    return frozenset(found)


def read_by(cls: LinenClass) -> frozenset[str]:
    own = (node for node in cls.nodes if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name))
    return frozenset(node.attr for node in own if node.value.id == "self")  # type: ignore[attr-defined]
