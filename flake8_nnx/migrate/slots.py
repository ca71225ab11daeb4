"""The variable map of a planned class, as slots in the order in which Linen creates its variables."""
from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.migrate import any_module, given_layers, one_scope
from flake8_nnx.migrate.attributes import Attributes, is_param, is_variable
from flake8_nnx.migrate.lifted import lifts_of
from flake8_nnx.migrate.variables import computed_name, is_eager, told_name
from flake8_nnx.source.events import Branch, Trace
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.parts import parts
from flake8_nnx.source.values import Loop, Module, Site, elements


def slots_of(trace: Trace, attributes: Attributes, told: Mapping[Site, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Slots of one class (see `flake8_nnx.variable_map`); `told` are the sizes that the variables of a site tell."""
    found = _slots(trace.events, attributes, {}, told)
    found += [{"linen": name, "nnx": name, "same": True} for name in any_module.fields(trace.cls)]
    found += given_layers.slots(trace.cls)
    # Parameters whose names are computed keep them.
    return [*found, {"same": True}] if any(computed_name(site) for site in trace.sites) else found


def _slots(
    events: list[Any], attributes: Attributes, counts: dict[str, int], told: Mapping[Site, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for event in events:
        if isinstance(event, Branch):
            found += _slots(event.body, attributes, counts, told) + _slots(event.orelse, attributes, counts, told)
        elif isinstance(event, Loop):
            inner = _slots(event.body, attributes, counts, told)
            if inner:
                found.append({"each": inner})
        elif isinstance(event, Site):
            slot = _slot(event, attributes, counts)
            if slot is not None:
                sizes = {name: size for site in one_scope.chain(event, attributes) for name, size in told.get(site, {}).items()}
                found.append({**slot, "sizes": sizes} if sizes else slot)
    return found


def _slot(site: Site, attributes: Attributes, counts: dict[str, int]) -> dict[str, Any] | None:
    if is_variable(site) and is_eager(site):
        names = [argument.value for argument in site.positional[:2] if isinstance(argument, ast.Constant)]
        if len(names) < 2:
            return None  # of a base, which is refused for it
        collection, name = names
        return {"param": name, "collection": collection, "nnx": attributes.stems[site]}
    if site.ref is None:
        if told := told_name(site):
            return {"param": told, "collection": "params", "nnx": told}
        if not is_param(site) or computed_name(site):
            return None
        name = ast.literal_eval(site.positional[0])
        return {"param": name, "collection": "params", "nnx": attributes.stems[site]}
    group = attributes.groups.get(site, [site])
    if group[0] is not site or one_scope.part_of(site, attributes) is not None:
        return None  # its variables are where those of that part are, with a slot in its place
    namer, site = one_scope.namer(site, attributes), one_scope.chain(site, attributes)[-1]
    if site in attributes.holder:
        return _held_slot(site, namer, attributes)
    nnx = _nnx_path(site, attributes, counts)
    given = one_scope.scope_of(site)
    if given is not None:
        linen, auto = str((_slot(given, attributes, {}) or {})["linen"]), False
    elif namer is None:
        linen, auto = nnx.replace("/", "_"), False
    else:
        linen, auto = _linen_name(namer, attributes.facts)
    found = []
    for option in (site, *site.options, *group[1:]):
        name = linen if not auto or option is site else _linen_name(option, attributes.facts)[0]
        flags = {**({"auto": True} if auto else {}), **({"shared": True} if site.shares is not None else {})}
        slot = _with_leaves(option, {"linen": name, **flags, "nnx": nnx}, attributes)
        if slot not in found:
            found.append(slot)
    return found[0] if len(found) == 1 else {"either": found}


def _held_slot(site: Site, namer: Site | None, attributes: Attributes) -> dict[str, Any]:
    """A layer that another is given: under it in setup, beside it in a compact method or with a name of its own."""
    nnx = _held_path(site, attributes)
    if namer is None:
        return _with_leaves(site, {"linen": _under(site, attributes), "nnx": nnx}, attributes)
    linen, auto = _linen_name(namer, attributes.facts)
    return _with_leaves(site, {"linen": linen, **({"auto": True} if auto else {}), "nnx": nnx}, attributes)


def _under(site: Site, attributes: Attributes) -> str:
    """The name that setup gives a layer, through those that hold it."""
    holder = attributes.holder.get(site)
    if holder is not None and "name" not in site.keywords:
        return f"{_under(holder, attributes)}/{_place(site, holder, attributes.facts).replace('/', '_')}"
    if "name" in site.keywords:
        return _linen_name(site, attributes.facts)[0]
    return _nnx_path(site, attributes, {}).replace("/", "_")


def _held_path(site: Site, attributes: Attributes) -> str:
    """The path of a layer through those that hold it."""
    holder = attributes.holder.get(site)
    if holder is None:
        return _nnx_path(site, attributes, {})
    return f"{_held_path(holder, attributes)}/{_place(site, holder, attributes.facts)}"


def _place(site: Site, holder: Site, facts: Facts) -> str:
    """Where a module keeps a layer that it is given."""
    values = elements(holder.fields.get("layers")) or () if holder.ref is not None and holder.ref.linen else ()
    place = next((f"layers/{i}" for i, value in enumerate(values) if isinstance(value, Module) and value.site is site), "")
    return place or next(name for name, part in parts(holder, facts) if part is site)


def _with_leaves(site: Site, slot: dict[str, Any], attributes: Attributes) -> dict[str, Any]:
    assert site.ref is not None
    if site.ref.nnx is not None:
        return {**slot, "same": True, "ported": site.ref.name}  # the class whose map leads on from the Linen names
    if site in attributes.bridged and site.ref.local is None:
        return {**slot, "same": True}
    if site.ref.local is not None:
        return {**slot, "class": site.ref.local}
    layer = LAYERS.get(site.ref.linen or "")
    leaves = {f"{v.collection}/{v.linen}": v.nnx for v in layer.variables} if layer else {}
    return {**slot, "leaves": leaves} if leaves else slot


def _nnx_path(site: Site, attributes: Attributes, counts: dict[str, int]) -> str:
    if site.loops and site.place is not None:
        every, first = site.place
        return f"{site.attribute}/{{0{f'*{every}' if every > 1 else ''}{f'+{first}' if first else ''}}}"
    if site.loops:
        return "/".join([attributes.list_at(site, 0).removeprefix("self."), *(f"{{{i}}}" for i in range(len(site.loops)))])
    if site.element:
        assert site.attribute is not None
        if len(site.listed) > 1:
            counts[site.attribute] = next(i for i, v in enumerate(site.listed) if isinstance(v, Module) and v.site is site)
        else:
            counts[site.attribute] = counts.get(site.attribute, -1) + 1
        return f"{site.attribute}/{counts[site.attribute]}"
    return attributes.stems[site]


def _linen_name(site: Site, facts: Facts) -> tuple[str, bool]:
    """The name that Linen gives the module, and whether Linen counts it."""
    assert site.ref is not None
    prefix = "".join(lift.prefix for lift in reversed(lifts_of(site, facts)))
    name = site.keywords.get("name")
    if isinstance(name, ast.Constant):
        return str(name.value), False
    if name is not None:
        return loop_name(name, site) or "?", False
    return prefix + site.ref.name, True


def loop_name(name: ast.expr, site: Site) -> str | None:
    """`f"block_{i + 1}"` in a loop over range or enumerate is `block_{0+1}`; None when it is anything else."""
    parts = []
    for part in _text_parts(name):
        if isinstance(part, str) or part is None:
            if part is None:
                return None
            parts.append(part)
            continue
        expression, offset = part, 0
        if isinstance(expression, ast.BinOp) and isinstance(expression.op, (ast.Add, ast.Sub)):
            if not isinstance(expression.right, ast.Constant) or not isinstance(expression.right.value, int):
                return None
            offset = expression.right.value * (1 if isinstance(expression.op, ast.Add) else -1)
            expression = expression.left
        depth = _counter_depth(expression, site)
        if depth is None:
            return None
        start = depth[1] + offset
        parts.append(f"{{{depth[0]}}}" if start == 0 else f"{{{depth[0]}{start:+d}}}")
    return "".join(parts)


def _text_parts(name: ast.expr) -> list[str | ast.expr | None]:
    """Constant texts and expressions of `f"a_{i}"`, `"a_" + str(i)` and `str(i)`; None for what is neither."""
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        return [name.value]
    if isinstance(name, ast.FormattedValue):
        return [name.value if name.conversion == -1 and name.format_spec is None else None]
    if isinstance(name, ast.JoinedStr):
        return [part for value in name.values for part in _text_parts(value)]
    if isinstance(name, ast.BinOp) and isinstance(name.op, ast.Add):
        return [*_text_parts(name.left), *_text_parts(name.right)]
    if isinstance(name, ast.Call) and isinstance(name.func, ast.Name) and name.func.id == "str" and len(name.args) == 1:
        return [name.args[0]]
    return [None]


def _counter_depth(expression: ast.expr | None, site: Site) -> tuple[int, int] | None:
    """The loop that this name counts, and from where: `for i in range(1, n)`, `for i, f in enumerate(fs)`."""
    if not isinstance(expression, ast.Name):
        return None
    for depth, loop in enumerate(site.loops):
        start = _counted_from(expression.id, loop.node.iter, loop.node.target)
        if start is not None:
            return depth, start
    return None


def _counted_from(name: str, iterable: ast.expr, target: ast.expr) -> int | None:
    """The first number that a loop over range, enumerate or a zip of a range gives this name."""
    if not (isinstance(iterable, ast.Call) and isinstance(iterable.func, ast.Name)):
        return None
    function, arguments = iterable.func.id, iterable.args
    parts = target.elts if isinstance(target, ast.Tuple) else []
    if function == "zip":
        found = (_counted_from(name, argument, part) for argument, part in zip(arguments, parts))
        return next((start for start in found if start is not None), None)
    counter = parts[0] if function == "enumerate" and parts else target if function == "range" else None
    if not isinstance(counter, ast.Name) or counter.id != name or iterable.keywords:  # enumerate(…, start=1)
        return None
    if len(arguments) == 1:
        return 0
    first = arguments[0] if function == "range" and len(arguments) == 2 else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, int) else None
