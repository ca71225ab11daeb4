"""Where models are made: the sizes that the sample input of `init` tells, the seed of its key, and who hands them on.

A function that makes a model for its caller takes both by keyword.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Union

from flake8_nnx.migrate.around import Plan, Stop, own_nodes, pieces_of
from flake8_nnx.migrate.carry import Path, carried, local_value, reachable, wrapped
from flake8_nnx.migrate.edits import Piece
from flake8_nnx.migrate.flow import Program
from flake8_nnx.migrate.known import RESTORES
from flake8_nnx.migrate.model import ClassPlan
from flake8_nnx.migrate.roles import Frame, Method, Model, Site, Slot, slots_in
from flake8_nnx.migrate.seeded import stream_names, streams
from flake8_nnx.source import graphs
from flake8_nnx.source.literals import is_idle
from flake8_nnx.source.names import FUNCTIONS
from flake8_nnx.source.features import SizeParameter, needed_sizes, trace
from flake8_nnx.source.values import GRAPH_PARTS

if TYPE_CHECKING:
    from flake8_nnx.migrate.calls import Rewriting

KEYS = frozenset({"jax.random.key", "jax.random.PRNGKey"})
DERIVED = frozenset({"jax.random.split", "jax.random.fold_in"})
FILLED = frozenset({"jax.numpy.ones", "jax.numpy.zeros", "jax.numpy.empty", "jax.ShapeDtypeStruct", "numpy.ones", "numpy.zeros"})
DRAWN = frozenset({"jax.random.normal", "jax.random.uniform"})
LINEN_ONLY = frozenset({"name", "parent"})
Init = tuple[Path, Frame, ast.Call]
Keys = Union[frozenset[str], None]


def constructs(program: Program, node: ast.AST, frame: Frame) -> bool:
    """Whether an expression constructs a Linen module of the program."""
    return isinstance(node, ast.Call) and program.linen_class(node.func, frame) is not None


def class_plan(plan: Plan, call: ast.Call, frame: Frame) -> ClassPlan:
    found = plan.program.linen_class(call.func, frame)
    assert found is not None
    file, cls = found
    planned = plan.classes.get((str(file.path), cls.name))
    if planned is None:
        raise Stop(call, frame, f"`{cls.name}` stays Linen", f"see `{cls.name}`")
    return planned


def size_parameters(plan: Plan, call: ast.Call, frame: Frame) -> list[SizeParameter]:
    """The sizes that a class must be told, and of which argument of its call each is."""
    file, cls = plan.program.linen_class(call.func, frame)  # type: ignore[misc]
    planned = class_plan(plan, call, frame)
    facts = file.facts
    fields = facts.fields_of(cls)
    known = {size.name: size for size in needed_sizes(trace(cls))}
    wanted = [p.name for p in planned.parameters if p.name not in (*fields, *planned.optional_arguments)]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise Stop(call, frame, f"nothing in the program tells the size `{unknown[0]}` of `{cls.name}`", f"pass {unknown[0]}=")
    return [known[name] for name in wanted]


def takes_streams(planned: ClassPlan) -> bool:
    return planned.streams and bool(planned.parameters or planned.init)


# ---- who initialises ------------------------------------------------------------------------------------------------


def inits(plan: Plan, frame: Frame, slot: Slot, seen: frozenset[Frame] = frozenset()) -> Iterator[Init]:
    """The calls of `init` that a model of a function reaches, with the calls that lead there."""
    for place, call in slot.root.started:
        if place.inside(frame):
            yield forwarded(way_to(plan, place, frame), place, call)
    for inner in plan.program.all_frames():
        if not inner.inside(frame):
            continue
        for site in inner.sites:
            callee = site.callee.frame
            for name, argument in site.arguments.items():
                value, own = plan.program.values.get(argument), callee.given.get(name)
                if not isinstance(own, Model) or slot.root not in slots_in(value) or callee in seen:
                    continue
                if own.slot.root.frame is callee:
                    for path, place, call in inits(plan, callee, own.slot, seen | {frame}):
                        yield [site, *path], place, call


def forwarded(path: Path, place: Frame, call: ast.Call) -> Init:
    """`def init(*args): return model.init(*args)` initialises with the arguments of its own call."""
    own = place.node.args.vararg if isinstance(place.node, FUNCTIONS) else None
    if own is None or len(call.args) != 1 or call.keywords or place.parameters or not path:
        return path, place, call
    given = call.args[0]
    handed_on = isinstance(given, ast.Starred) and isinstance(given.value, ast.Name) and given.value.id == own.arg
    if not handed_on or path[-1].callee.frame is not place:
        return path, place, call
    return path[:-1], path[-1].frame, path[-1].call


def way_to(plan: Plan, place: Frame, frame: Frame) -> Path:
    """The calls that lead from a function to one inside of it."""
    path: Path = []
    while place is not frame and place.parent is not None:
        calls = [s for other in plan.program.all_frames() for s in other.sites if s.callee.frame is place]
        path[:0] = calls[:1]
        place = calls[0].frame if calls else place.parent
    return path


def local(slot: Slot, frame: Frame) -> bool:
    """Whether a slot is made in a function and not given to it."""
    return slot.root.frame is frame and not slot.root.is_given


def find_added(plan: Plan, frames: Sequence[Frame]) -> None:
    """Functions that make a model which they do not initialise take its sizes and streams from their callers."""
    changed = True
    while changed:
        changed = False
        for frame in frames:
            if frame in plan.added or not isinstance(frame.node, ast.FunctionDef):
                continue
            for slot in slots_in(frame.returned):
                if not local(slot, frame) or any(True for _ in inits(plan, frame, slot)):
                    continue
                wanted: dict[str, str] = {}
                for place, call in slot.definitions:
                    if place is frame:
                        planned = class_plan(plan, call, frame)
                        sizes = size_parameters(plan, call, frame)
                        wanted.update({s.name: "tuple[int, ...]" if s.whole else "int" for s in sizes})
                        wanted.update({"rngs": "nnx.Rngs"} if takes_streams(planned) else {})
                if slot.inner is not None:
                    wanted.update(plan.added.get(slot.inner.root.frame, ()))
                if wanted:
                    rngs = wanted.pop("rngs", None)
                    plan.added[frame] = [*wanted.items(), *([("rngs", rngs)] if rngs else [])]
                    changed = True


# ---- the construction -----------------------------------------------------------------------------------------------


def constructor_arguments(rewriting: Rewriting, call: ast.Call, slot: Slot, instead_of: ast.AST | None = None) -> None:
    """Sizes first, streams last."""
    plan, frame = rewriting.plan, rewriting.frame
    planned = class_plan(plan, call, frame)
    sizes = size_parameters(plan, call, frame)
    kept = [argument for argument in call.keywords if argument.arg not in LINEN_ONLY]
    names = [size.name for size in sizes] + (["rngs"] if takes_streams(planned) else [])
    texts = {name: value_of(rewriting, name, slot, call, sizes) for name in names}
    first = [texts[size.name] if call.args else f"{size.name}={texts[size.name]}" for size in sizes]
    pieces: list[Piece] = [*first, *call.args, *(keyword.value for keyword in kept)]
    pieces += [f"rngs={texts['rngs']}"] if "rngs" in texts else []
    for argument in [*call.args, *kept]:
        rewriting.expression(argument.value if isinstance(argument, ast.keyword) else argument)
    if instead_of is None:
        rewriting.edits.arguments[call] = pieces
        return
    rewriting.edits.arguments[call] = pieces
    rewriting.edits.expressions[instead_of] = rewriting.spelled(call)


def added_argument(rewriting: Rewriting, site: Site, name: str) -> str:
    """What a call gives a function that makes a model: a size or the streams."""
    frame = rewriting.frame
    slot = next((s for s in slots_in(rewriting.values.get(site.call)) if local(s, s.root.frame)), None)
    if slot is None:
        raise Stop(site.call, frame, f"the model that `{ast.unparse(site.call)[:60]}` makes is not used as one")
    inner, sizes = slot.root.inner or slot.root, []
    while inner.inner is not None:
        inner = inner.inner.root
    for place, call in inner.definitions:
        sizes += size_parameters(rewriting.plan, call, place)
    return value_of(rewriting, name, slot.root, site.call, sizes)


def value_of(rewriting: Rewriting, name: str, slot: Slot, place: ast.Call, sizes: Sequence[SizeParameter]) -> str:
    plan, frame = rewriting.plan, rewriting.frame
    if name in dict(plan.added.get(frame, ())):
        return name
    found = list(inits(plan, slot.root.frame, slot))
    if not found and slot.root.source is not None:  # its input is that of the model whose variables it takes
        found = list(inits(plan, slot.root.frame, slot.root.source))
    if name == "rngs":
        key, kind = seed(plan, frame, place, found)
        return f"nnx.Rngs({', '.join([key, *seeded(plan, slot, key, kind, place)])})"
    size = next(size for size in sizes if size.name == name)
    for path, where, call in found:
        text = told(plan, size, where, call, path, frame, place, slot)
        if text is not None:
            return text
    raise Stop(place, frame, f"the size `{name}` cannot be told from a sample input where the model is made", f"pass {name}=")


def seed(plan: Plan, frame: Frame, place: ast.Call, found: Sequence[Init]) -> tuple[str, Keys]:
    """What the streams start from: the key of `init`, or what that comes from, as far as it is known here; keys by stream too."""
    for path, where, call in found:
        key = call.args[0] if call.args else next((k.value for k in call.keywords if k.arg == "rngs"), None)
        for candidate, home, way in derived(key, where, path):
            text = carried(candidate, home, way, frame, place)
            if text is not None:
                return text, keys_in(plan, candidate, home)
    note = f"line {place.lineno}: the model is made with seed 0, since the key of `init` is not known there"
    plan.notes.append((frame.file, note))
    return "0", frozenset()


def keys_in(plan: Plan, node: ast.expr, frame: Frame) -> Keys:
    """The names in a dictionary of keys, none for a single key, None where it may be either."""
    if isinstance(node, ast.Call) and not (frame.file.facts.origin(node.func) or "").startswith("jax.random."):
        return None
    return frozenset(name for name in stream_names(plan, node, frame) if name is not None)


def seeded(plan: Plan, slot: Slot, key: str, kind: Keys, place: ast.Call) -> list[str]:
    """Streams of their own for what calls seed: of the same key, or of the next integers where there is no single key."""
    found, unknown = streams(plan, slot)
    number = int(key) if key.isdigit() else 0
    single = kind == frozenset() and not key.isdigit()
    if unknown:
        where, keys = unknown[0]
        note = f"line {keys.lineno}: the streams in `{ast.unparse(keys)[:60]}` are known only when it runs"
        note += f"; name them where the model is made, line {place.lineno}, as in nnx.Rngs(0, dropout=1)"
        if (where.file, note) not in plan.notes:
            plan.notes.append((where.file, note))
    missing = [name for name in found if name.isidentifier() and name not in (kind or ())]
    return [f"{name}={key if single else number + i + 1}" for i, name in enumerate(missing)]


def derived(key: ast.expr | None, frame: Frame, path: Path) -> Iterator[tuple[ast.expr, Frame, Path]]:
    """A key and what it comes from, the nearest first; a seed stands for the key that is made of it."""
    if isinstance(key, ast.Dict) and key.values:
        names = [getattr(k, "value", None) for k in key.keys]
        key = key.values[names.index("params")] if "params" in names else key.values[0]
    if key is None:
        return
    if isinstance(key, ast.Call) and frame.file.facts.origin(key.func) in KEYS and key.args:
        yield key.args[0], frame, path
        return
    several = isinstance(key, ast.Call) and frame.file.facts.origin(key.func) == "jax.random.split"
    if not several:
        yield key, frame, path
    if isinstance(key, ast.Name):
        if path and key.id in path[-1].arguments and any(p.arg == key.id for p in frame.parameters):
            yield from derived(path[-1].arguments[key.id], path[-1].frame, path[:-1])
            return
        for value, home in local_value(key, frame):
            yield from derived(value, home, path)
    elif isinstance(key, ast.Call) and frame.file.facts.origin(key.func) in DERIVED and key.args:
        yield from derived(key.args[0], frame, path)
    elif isinstance(key, ast.Subscript):
        yield from derived(key.value, frame, path)


def told(
    plan: Plan, size: SizeParameter, where: Frame, call: ast.Call, path: Path, frame: Frame, place: ast.Call, slot: Slot
) -> str | None:
    """A size by the sample input that `init` is given."""
    sample, part = sample_of(plan, size.argument, call, slot)
    if sample is None or size.axis:
        return None
    if part:
        text = wrapped(sample, carried(sample, where, path, frame, place))
        return None if text is None else f"{text}.{part}.shape{size.index}"
    expression, home, way = reachable(sample, where, path)
    shape = shape_of(expression, home)
    if shape is None:
        text = carried(expression, home, way, frame, place)
        return None if text is None else f"{text}.shape{size.index}"
    shape, home, way = reachable(shape, home, way)
    if isinstance(shape, (ast.Tuple, ast.List)):
        if not size.whole and len(shape.elts) < size.place:
            return None
        wanted = shape.elts[1:] if size.whole else [shape.elts[-size.place]]
        texts = [carried(element, home, way, frame, place) for element in wanted]
        if None in texts:
            return None
        return f"({', '.join(map(str, texts))}{',' if len(texts) == 1 else ''})" if size.whole else texts[0]
    text = carried(shape, home, way, frame, place)
    return None if text is None else f"{text}{size.index}"


def sample_of(plan: Plan, argument: str, call: ast.Call, slot: Slot) -> tuple[ast.expr | None, str]:
    """What a call of `init` gives the argument of `__call__`, or of the method that it names, and which part of a graph."""
    inner = slot.root
    while inner.inner is not None:
        inner = inner.inner.root
    for place, construction in inner.definitions:
        file, cls = plan.program.linen_class(construction.func, place)  # type: ignore[misc]
        chosen = next((k.value for k in call.keywords if k.arg == "method"), None)
        name = chosen.attr if isinstance(chosen, ast.Attribute) else "__call__"
        method = file.facts.method_of(cls, name)
        if method is None:
            continue
        names = [a.arg for a in method.args.args[1:]]
        given = dict(zip(names, call.args[1:]))
        given.update({k.arg: k.value for k in call.keywords if k.arg})
        if argument in given:
            return given[argument], ""
        for each in method.args.args[1:]:
            if each.arg in given and graphs.argument(each.arg, each.annotation, file.facts) is not None:
                part = argument.removeprefix(f"{each.arg}_")
                if part in GRAPH_PARTS:
                    return given[each.arg], part
    return None, ""


def shape_of(node: ast.expr, frame: Frame) -> ast.expr | None:
    """The shape that an array is made with."""
    origin = frame.file.facts.origin(node.func) if isinstance(node, ast.Call) else None
    if isinstance(node, ast.Call) and origin in FILLED | DRAWN:
        index = 1 if origin in DRAWN else 0
        shape = next((k.value for k in node.keywords if k.arg == "shape"), None)
        return shape or (node.args[index] if len(node.args) > index else None)
    return None


# ---- functions that have nothing left to do --------------------------------------------------------------------------


def empty(plan: Plan, frame: Frame, seen: frozenset[Frame] = frozenset()) -> bool | None:
    """True for a function that only initialises a model which it is given; None for any other."""
    node, value = frame.node, frame.returned
    if not isinstance(node, ast.FunctionDef) or not slots_in(value) or frame in seen:
        return None
    if pieces_of(value, lambda slot: local(slot, frame), plan, node):
        return None
    for inner in own_nodes(node):
        if isinstance(inner, ast.stmt) and not isinstance(inner, (ast.Assign, ast.Return, ast.FunctionDef)):
            if not is_idle(inner):
                return None
        if inner in plan.lazy or inner in plan.program.renewed or inner in plan.program.by_hand.updated:
            return None
        method = plan.program.values.get(inner.func) if isinstance(inner, ast.Call) else None
        if isinstance(method, Method) and method.name != "init":
            return None
        if isinstance(inner, ast.Call) and plan.program.origin(inner.func, frame) in RESTORES:
            return None
    if any(empty(plan, site.callee.frame, seen | {frame}) is None for site in frame.sites):
        return None
    return True


def factory(frame: Frame) -> bool:
    """Whether a function does nothing but make a model."""
    statements = [n for n in own_nodes(frame.node) if isinstance(n, ast.stmt)]
    quiet = all(isinstance(n, (ast.Assign, ast.Return, ast.If, ast.Raise, ast.Expr)) for n in statements)
    return isinstance(frame.returned, Model) and quiet
