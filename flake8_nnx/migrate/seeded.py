"""The streams that a program's calls seed: `nnx.reseed` finds them by name, and changes none that a model was made without.

`nnx.Rngs(0)` has one stream for everything; a model whose calls are given `rngs={"dropout": key}` is made with two.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.migrate.around import FLAGS, Plan, own_nodes
from flake8_nnx.migrate.carry import MAX_DEPTH, home_of
from flake8_nnx.migrate.flow import Program
from flake8_nnx.migrate.roles import Frame, Method, Slot
from flake8_nnx.migrate.sown import constructions
from flake8_nnx.source.literals import is_none


def keys_of(node: ast.Call) -> ast.expr | None:
    """The keys that a call of `apply` is given and may draw from."""
    flags = {k.arg: k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)}
    if any(flags.get(name) is off for name, off in FLAGS.items()):
        return None  # nothing is drawn
    keys = next((k.value for k in node.keywords if k.arg == "rngs"), None)
    return None if is_none(keys) else keys


def streams(plan: Plan, slot: Slot) -> tuple[list[str], list[tuple[Frame, ast.expr]]]:
    """The names of the streams that calls of a model seed, and the keys whose names nobody can tell."""
    inner = slot.root
    while inner.inner is not None:
        inner = inner.inner.root
    made = {call for _, call in inner.definitions}
    found: list[str] = []
    unknown: list[tuple[Frame, ast.expr]] = []
    if plan.program.seeds is None:
        plan.program.seeds = list(seeds(plan.program))
    for frame, keys, models in plan.program.seeds:
        for name in () if made.isdisjoint(models) else stream_names(plan, keys, frame):
            if name is None:
                unknown.append((frame, keys))
            elif name != "params" and name not in found:
                found.append(name)
    return found, unknown


def seeds(program: Program) -> Iterator[tuple[Frame, ast.expr, set[ast.Call]]]:
    """The keys that calls of `apply` are given, with the constructions of the model."""
    for frame in program.all_frames():
        for node in own_nodes(frame.node):
            method = program.values.get(node.func) if isinstance(node, ast.Call) else None
            if isinstance(node, ast.Call) and isinstance(method, Method) and method.name == "apply":
                keys = keys_of(node)
                if keys is not None:
                    yield frame, keys, {call for _, call in constructions(program, method.slot.root, set())}


def stream_names(plan: Plan, keys: ast.expr | None, frame: Frame, depth: int = 0) -> Iterator[str | None]:
    """The names in a dictionary of keys; None where there may be others."""
    if is_none(keys):
        return
    if isinstance(keys, ast.IfExp):
        for branch in (keys.body, keys.orelse):
            yield from stream_names(plan, branch, frame, depth + 1)
        return
    if isinstance(keys, ast.Dict):
        for key, value in zip(keys.keys, keys.values):
            if key is None:
                yield from stream_names(plan, value, frame, depth + 1)
            else:
                yield key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else None
        return
    if isinstance(keys, ast.Call) and isinstance(keys.func, ast.Name) and keys.func.id == "dict" and not keys.args:
        for keyword in keys.keywords:
            yield keyword.arg
        return
    home, bindings = home_of(keys, frame) if isinstance(keys, ast.Name) else (None, [])
    if not isinstance(keys, ast.Name) or home is None or depth > MAX_DEPTH:
        yield None
        return
    for binding in bindings:
        if binding.kind == "param":
            sites = [site for each in plan.program.all_frames() for site in each.sites if site.callee.frame is home]
            given = [(site.arguments[keys.id], site.frame) for site in sites if keys.id in site.arguments]
            if not given:
                yield None
            for value, place in given:
                yield from stream_names(plan, value, place, depth + 1)
        elif binding.kind == "assign" and same_names(binding.value, keys.id):
            continue
        elif binding.kind == "assign" and binding.value is not None:
            yield from stream_names(plan, binding.value, home, depth + 1)
        else:
            yield None


def same_names(node: ast.expr | None, name: str) -> bool:
    """Whether it is `{stream: new(key) for stream, key in keys.items()}`."""
    each = node.generators[0] if isinstance(node, ast.DictComp) and len(node.generators) == 1 else None
    if not isinstance(node, ast.DictComp) or each is None or not isinstance(each.target, ast.Tuple):
        return False
    return ast.unparse(each.iter) == f"{name}.items()" and ast.unparse(node.key) == ast.unparse(each.target.elts[0])


def stacked(plan: Plan) -> bool:
    """Whether a class of the program makes several layers at once, whose streams are arrays of keys."""
    return any("rngs.split(" in line.text for planned in plan.classes.values() for line in planned.init)
