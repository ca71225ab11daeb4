"""Whether models that are constructed at several places are the same one: in NNX there is only that with the parameters.

Constructions are compared argument by argument, each carried to where both are known.
"""
from __future__ import annotations

import ast
from collections.abc import Sequence

from flake8_nnx.migrate.around import FLAGS, Plan, Stop, is_test, own_nodes
from flake8_nnx.migrate.carry import Path, carried
from flake8_nnx.migrate.roles import Frame, Method, Model, Site, Slot, slot_of, slots_in

Configuration = dict[str, str]
ADVICE = "construct both with the same arguments, or copy the parameters with nnx.update"


def check_definitions(plan: Plan, frames: Sequence[Frame]) -> None:
    """Every construction that goes because its parameters are those of another model makes that very model.

    Raises:
        Stop: it may be configured in another way.
    """
    inside = set(frames)
    alternatives = plan.program.alternatives
    for slot in list(plan.program.slots.values()):
        if slot.frame not in inside or slot.is_given or slot.root is slot or not made(plan, slot):
            continue
        if slot in alternatives and slot.root in alternatives and slot.frame is slot.root.frame:
            continue  # the function makes one of them
        own = configuration(plan, slot, slot.frame)
        if own is not None and exchanged(plan, own, slot):
            continue
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


def exchanged(plan: Plan, own: Configuration, slot: Slot) -> bool:
    """A model that is initialised and nothing else is made as the first one that is applied, where flags tell them apart."""
    root = slot.root
    first = plan.applied.get(root)
    other = None if root.is_given else configuration(plan, root, slot.frame)
    if first is not None or other is None or root.frame is not slot.frame or not only_initialised(plan, root):
        return False
    different = {name.rpartition(".")[2] for name in own.keys() | other.keys() if own.get(name) != other.get(name)}
    one, two = root.node, slot.node
    if not different or not different <= FLAGS.keys() or not isinstance(one, ast.Call) or not isinstance(two, ast.Call):
        return False
    pairs = [*zip(one.args, two.args), *((k.value, other.value) for k, other in zip(one.keywords, two.keywords))]
    alike = ast.dump(one.func) == ast.dump(two.func) and [k.arg for k in one.keywords] == [k.arg for k in two.keywords]
    changed = [(old, new) for old, new in pairs if ast.dump(old) != ast.dump(new)]
    if not alike or len(one.args) != len(two.args) or not all(isinstance(new, ast.Constant) for _, new in changed):
        return False
    plan.applied[root] = slot
    plan.of(root.frame).expressions.update({old: ast.unparse(new) for old, new in changed})
    return True


def only_initialised(plan: Plan, slot: Slot) -> bool:
    """Whether nothing is done with a model under its own name but to initialise it."""
    parent = slot.frame.file.facts.names.parent
    for node, value in plan.program.values.items():
        if isinstance(value, Method) and value.slot is slot and value.name not in ("init", "replace", "apply_gradients"):
            return False
        if isinstance(value, Model) and value.slot is slot and isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            above = parent(node)
            if not isinstance(above, ast.Attribute) or above.attr != "init":
                return False
    return True


def compare(plan: Plan, own: Configuration | None, root: Slot, frame: Frame, seen: frozenset[Frame]) -> str:
    """What tells two constructions apart; `own` is the one of this function."""
    if own is None:
        return "another model is constructed here than the one whose parameters it is given, as far as can be seen"
    if not root.is_given:
        other = configuration(plan, plan.applied.get(root, root), frame)
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
    several = [node for place, node in slot.definitions if place is slot.frame] if slot in plan.program.alternatives else []
    if len(several) < 2:
        return one_configuration(plan, slot.node, slot.frame, path, target)
    texts: Configuration = {}
    for number, call in enumerate(several):
        found = one_configuration(plan, call, slot.frame, path, target)
        if found is None:
            return None
        texts.update({f"{number}.{name}": text for name, text in found.items()})
    for number, node in enumerate(own_nodes(slot.frame.node)):  # which of them it is
        if isinstance(node, ast.If):
            text = carried(node.test, slot.frame, path, target, None)
            if text is None:
                return None
            texts[f"{number}.choice"] = text
    return texts


def one_configuration(plan: Plan, call: ast.AST, frame: Frame, path: Path, target: Frame) -> Configuration | None:
    """The arguments of one construction, by field."""
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
