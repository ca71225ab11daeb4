"""Whether models that are constructed at several places are the same one: in NNX there is only that with the parameters.

Constructions are compared argument by argument, each carried to where both are known.
"""
from __future__ import annotations

import ast
from collections.abc import Sequence

from flake8_nnx.migrate.around import Plan, Stop, is_test
from flake8_nnx.migrate.carry import Path, carried
from flake8_nnx.migrate.roles import Frame, Site, Slot, slot_of, slots_in

Configuration = dict[str, str]
ADVICE = "construct both with the same arguments, or copy the parameters with nnx.update"


def check_definitions(plan: Plan, frames: Sequence[Frame]) -> None:
    """Every construction that goes because its parameters are those of another model makes that very model.

    Raises:
        Stop: it may be configured in another way.
    """
    inside = set(frames)
    for slot in list(plan.program.slots.values()):
        if slot.frame not in inside or slot.is_given or slot.root is slot or not made(plan, slot):
            continue
        own = configuration(plan, slot, slot.frame)
        if slot.root.is_given and not any(site.callee.frame is slot.root.frame for f in inside for site in f.sites):
            line = getattr(slot.node, "lineno", 0)
            note = f"line {line}: `{slot.root.frame.name}` uses the model that it is given, whatever was constructed here"
            plan.notes.append((slot.frame.file, note))
        problem = compare(plan, own, slot.root, slot.frame, frozenset())
        if problem:
            raise Stop(slot.node, slot.frame, problem, ADVICE)


def made(plan: Plan, slot: Slot) -> bool:
    inner = slot
    while inner.inner is not None:
        inner = inner.inner.root
    return any(call is inner.node for _, call in inner.root.definitions)


def compare(plan: Plan, own: Configuration | None, root: Slot, frame: Frame, seen: frozenset[Frame]) -> str:
    """What tells two constructions apart; `own` is the one of this function."""
    if own is None:
        return "another model is constructed here than the one whose parameters it is given, as far as can be seen"
    if not root.is_given:
        other = configuration(plan, root, frame)
        if other is None:
            return "how the model with these parameters is configured cannot be followed"
        different = sorted(k for k in own.keys() | other.keys() if own.get(k) != other.get(k))
        if different:
            name = different[0]
            return f"the model with these parameters has {name}={other.get(name)}, here it is {own.get(name)}"
        return ""
    sites = [s for other in plan.program.all_frames() for s in other.sites if s.callee.frame is root.frame]
    for site in sites:
        if is_test(site.frame.file):
            continue
        for name, argument in site.arguments.items():
            value = plan.program.values.get(argument)
            given = root.frame.given.get(name)
            if root in slots_in(given) and slots_in(value) and site.frame not in seen:
                moved = outside(own, site, frame)
                problem = compare(plan, moved, slot_of(value), site.frame, seen | {frame})
                if problem:
                    return problem
                break
    return ""


def outside(own: Configuration, site: Site, frame: Frame) -> Configuration | None:
    """The arguments of a construction as the caller of its function would write them."""
    found: Configuration = {}
    for name, text in own.items():
        moved = carried(ast.parse(text, mode="eval").body, frame, [site], site.frame, None, written=text)
        if moved is None:
            return None
        found[name] = moved
    return found


def configuration(plan: Plan, slot: Slot, target: Frame) -> Configuration | None:
    """The arguments of the construction behind a slot, by field, written for a function."""
    path: Path = []
    while slot.inner is not None:
        site = next((s for s in slot.frame.sites if s.call is slot.node), None)
        if site is None:
            return None
        path.append(site)
        slot = slot.inner.root
    call, frame = slot.node, slot.frame
    if not isinstance(call, ast.Call):
        return None
    found = plan.program.linen_class(call.func, frame)
    if found is None or any(k.arg is None for k in call.keywords) or any(isinstance(a, ast.Starred) for a in call.args):
        return None
    file, cls = found
    fields = file.facts.fields_of(cls)
    given: dict[str, ast.expr] = dict(zip(fields, call.args))
    given.update({k.arg: k.value for k in call.keywords if k.arg})
    texts: Configuration = {}
    for name, field in fields.items():
        if name in given:
            text = carried(given[name], frame, path, target, None)
            if text is None:
                return None
            texts[name] = ast.unparse(ast.parse(text, mode="eval").body)
        elif field.default is not None:
            texts[name] = ast.unparse(field.default)
    texts["class"] = repr(f"{file.path.name}:{cls.name}")
    return texts
