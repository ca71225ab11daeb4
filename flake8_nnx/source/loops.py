"""Loops that a class builds layers in: sizes that change from turn to turn, and lists of submodules that are run over.

A loop is traced twice: once to see which sizes change, once with names for those that do.
"""
from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flake8_nnx.source.bindings import bind
from flake8_nnx.source.inittext import root_is_self
from flake8_nnx.source.opaque import opaque
from flake8_nnx.source.sizes import Size, atom
from flake8_nnx.source.values import GRAPH_PARTS, Array, Graph, Loop, Module, Repeated, Static, Unknown, elements

if TYPE_CHECKING:
    from flake8_nnx.source.inittext import Env
    from flake8_nnx.source.trace import Tracer


def run(tracer: Tracer, node: ast.For, env: Env) -> bool:
    """Trace a `for` statement."""
    value = tracer.evaluator.value(node.iter, env)
    iterable = value.text if isinstance(value, Static) else None
    repeated = repeated_list(tracer, node.iter, node.target, env) or indexed_list(tracer, node, iterable)
    if iterable is None and repeated is None and elements(value) is not None:
        for item in elements(value) or ():  # a list whose elements are known: one turn for each
            bind(tracer, node.target, item, env)
            tracer.block(node.body, env)
        return False
    if iterable is None and repeated is None:
        opaque(tracer, node, env, "a loop over something known only in the call")
        return False
    loop = Loop(node, _target(node.target), iterable or "", source=repeated)
    owner = repeated.loop if repeated else loop
    if repeated is not None and repeated.before:
        for place in range(len(repeated.before)):
            bind_elements(tracer, node.iter, node.target, env, place)
            tracer.block(node.body, env)
        loop = replace(loop, source=(repeated := replace(repeated, before=())))
    outer, tracer.loops = tracer.loops, (*tracer.loops, loop) if repeated is None else tracer.loops
    turns(tracer, node, loop, owner, env, repeated)
    tracer.loops = outer
    if any(loop in site.loops for site in tracer.trace.sites) and (left := _left(tracer, node, env)) is not None:
        tracer.problem(left, "leaves a loop that makes layers, so that later turns make none")
    return False


def _left(tracer: Tracer, node: ast.For, env: Env) -> ast.stmt | None:
    """A `break` or a `return` that `__init__` knows of; one that the call decides on is taken not to happen, as in `init`."""
    stack: list[tuple[ast.stmt, bool]] = [(statement, True) for statement in node.body]
    while stack:
        statement, known = stack.pop()
        if isinstance(statement, (ast.Break, ast.Return)) and known:
            return statement
        if isinstance(statement, ast.If):
            known = known and tracer.evaluator.text(statement.test, env) is not None
            stack += [(inner, known) for inner in (*statement.body, *statement.orelse)]
    return None


def turns(tracer: Tracer, node: ast.For, loop: Loop, owner: Loop, env: Env, repeated: Repeated | None) -> None:
    """One turn to see which sizes change from step to step, a second with names for them."""
    events, sites, sized = tracer.events, len(tracer.trace.sites), len(tracer.sized)
    problems = len(tracer.trace.problems)
    before = dict(env)
    calls = {site: (len(site.inputs), len(site.within)) for site in tracer.trace.sites}
    tracer.events = []
    turn(tracer, node, env, repeated)
    carried: dict[str, tuple[str, str, int]] = {}
    for name, part, axis in changed(before, env):
        carry = carry_name(tracer, part or name, axis)
        carry = carry_name(tracer, f"{name}_{part}", axis) if part and carry in carried else carry
        carried[carry] = (name, part, axis)
    if carried:
        for site in tracer.sized[sized:]:
            site.sizes.clear()
        for site, (known, within) in calls.items():
            del site.inputs[known:], site.within[within:]
        del tracer.trace.sites[sites:], tracer.sized[sized:], tracer.trace.problems[problems:]
        env.clear()
        env.update(before)
        for carry, (name, part, axis) in carried.items():
            env[name] = _with_part(env[name], part, _part(env[name], part).with_axes({axis: carry}))
        tracer.events = []
        turn(tracer, node, env, repeated)
        later = [name for name, part, axis in changed(before, env) if (name, part, axis) not in carried.values()]
        if later and len(tracer.trace.sites) > sites:
            tracer.problem(node, f"`{later[0]}` gets the size of another array only after the first turn of the loop")
        for carry, (name, part, axis) in carried.items():
            first, after = _part(before[name], part), _part(env[name], part)
            for each in (owner, *(repeated.others if repeated else ())):
                each.carried[carry] = (first.size(axis), after.size(axis) if isinstance(after, Array) else None)
            if isinstance(after, Array):
                # `super().__init__` runs the loops of a base: its names end there.
                own = tracer.depth == 0 and tracer.home is tracer.cls
                last = carry if own else _last(after.size(axis), owner, first.size(axis)) or (None if tracer.depth else carry)
                env[name] = _with_part(env[name], part, after.with_axes({axis: last}))
    body, tracer.events = tracer.events, events
    if repeated is None:
        loop.body = body
        tracer.events.append(loop)
    else:
        tracer.events += body


def changed(before: Env, after: Env) -> list[tuple[str, str, int]]:
    """The arrays whose sizes a turn changes, by name, part and axis; what is told of ranks holds before the turn as well."""
    found = []
    for name, part in [(name, part) for name, value in before.items() for part in _parts(value)]:
        old, new = _part(before[name], part), _part(after.get(name), part)
        # What nobody can follow (`x = layer(x)[0]`) is taken to keep its sizes: where it does not, the weights tell, loudly.
        if isinstance(old, Array) and isinstance(new, Array):
            old = Array(old.base, old.axes, old.rank if old.rank is not None else new.rank)
            before[name] = _with_part(before[name], part, old)
            found += [(name, part, axis) for axis in sorted({1, *old.axes, *new.axes}) if old.size(axis) != new.size(axis)]
    return found


def _parts(value: Any) -> tuple[str, ...]:
    """The arrays that a value consists of, by name; a single one has none."""
    return GRAPH_PARTS if isinstance(value, Graph) else ("",)


def _part(value: Any, part: str) -> Any:
    return getattr(value, part) if part and isinstance(value, Graph) else value


def _with_part(value: Any, part: str, new: Any) -> Any:
    return replace(value, **{part: new}) if part else new


def turn(tracer: Tracer, node: ast.For, env: Env, repeated: Repeated | None) -> None:
    for target in ast.walk(node.target):
        if isinstance(target, ast.Name):
            env[target.id] = Static(target.id) if repeated is None else Unknown()
    for place in range(len(repeated.turn) if repeated is not None else 1):
        if repeated is not None:
            bind_elements(tracer, node.iter, node.target, env, place, after=True)
        tracer.block(node.body, env)
    for target in ast.walk(node.target):
        if isinstance(target, ast.Name) and repeated is None:
            env[target.id] = Static(target.id)


def carry_name(tracer: Tracer, name: str, axis: int) -> str:
    carry = f"{name}_features" if axis == 1 else f"{name}_axis{axis}"
    return f"{carry}_in" if carry in tracer.fixed else carry


def repeated_list(tracer: Tracer, iterable: ast.expr, target: ast.expr, env: Env) -> Repeated | None:
    """The list of submodules that a loop runs over, through enumerate and zip or by its places."""
    if (counted := counted_list(iterable)) is not None:
        value = tracer.evaluator.value(counted, env)
        return value if isinstance(value, Repeated) and not value.before and not value.rest else None
    if isinstance(iterable, ast.Call) and isinstance(iterable.func, ast.Name) and iterable.func.id in ("enumerate", "zip"):
        found = [repeated_list(tracer, argument, target, env) for argument in iterable.args]
        return next((value for value in found if value is not None), None)
    listed = iterable.value if isinstance(iterable, ast.Subscript) and isinstance(iterable.slice, ast.Slice) else iterable
    value = tracer.evaluator.value(iterable, env) if isinstance(listed, (ast.Attribute, ast.Name)) else None
    return value if isinstance(value, Repeated) else None


def counted_list(iterable: ast.expr) -> ast.Attribute | None:
    """`self.layers` of `range(len(self.layers))`: in the loop, `self.layers[i]` stands for each."""
    inner = iterable
    for name in ("range", "len"):
        builtin = isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id == name
        if not builtin or len(inner.args) != 1 or inner.keywords:  # type: ignore[attr-defined]
            return None
        inner = inner.args[0]  # type: ignore[attr-defined]
    return inner if isinstance(inner, ast.Attribute) else None


def indexed_list(tracer: Tracer, node: ast.For, iterable: str | None) -> Repeated | None:
    """Layers that a loop takes by number, `self.layers[i]`, where they were made in a loop over the same numbers.

    The sizes that it carries are those of all such lists.
    """
    if not isinstance(node.target, ast.Name) or not iterable:
        return None
    uses = [n for n in ast.walk(node) if isinstance(n, ast.Name) and n.id == node.target.id and n is not node.target]
    taken = [n for n in ast.walk(node) if isinstance(n, ast.Subscript) and n.slice in uses and root_is_self(n.value)]
    names = dict.fromkeys(n.value.attr for n in taken)  # type: ignore[attr-defined]
    lists = [value for name in names if isinstance(value := tracer.attributes.get(name), Repeated)]
    made = [value for value in lists if value == Repeated(value.element, value.loop) and value.loop.iterable == iterable]
    if not made or len(made) != len(names) or len(taken) != len(uses):
        return None
    return replace(made[0], others=tuple(value.loop for value in made[1:]))


def bind_elements(
    tracer: Tracer, iterable: ast.expr, target: ast.expr, env: Env, place: int, after: bool = False
) -> None:
    """Bind the target of a loop over lists of submodules to what stands at a place, `after` what was there before loops."""
    if isinstance(iterable, ast.Call) and isinstance(target, ast.Tuple):
        enumerated = isinstance(iterable.func, ast.Name) and iterable.func.id == "enumerate"
        targets = target.elts[1:] if enumerated else target.elts
        for argument, element in zip(iterable.args, targets):
            bind_elements(tracer, argument, element, env, place, after)
        return
    value = tracer.evaluator.value(iterable, env)
    if isinstance(value, Repeated):
        parts = value.turn if after else (*value.before, *value.turn)
        bind(tracer, target, parts[place % len(parts)], env)


def comprehension(tracer: Tracer, node: ast.ListComp, env: Env) -> Any:
    """`[nn.Dense(f) for f in tracer.features]`; None when no submodules are made."""
    generator = node.generators[0]
    iterable = tracer.evaluator.text(generator.iter, env)
    before = len(tracer.trace.sites)
    if len(node.generators) != 1 or generator.ifs or iterable is None:
        unknown = {n.id: Unknown() for n in ast.walk(generator.target) if isinstance(n, ast.Name)}
        tracer.evaluator.value(node.elt, {**env, **unknown})
        for site in tracer.trace.sites[before:]:  # each turn makes another one
            tracer.problem(site.call, "is created in a comprehension that this version cannot follow")
        return None
    loop = Loop(generator, _target(generator.target), iterable)
    inner = {**env, **{n.id: Static(n.id) for n in ast.walk(generator.target) if isinstance(n, ast.Name)}}
    outer, outer_loops = tracer.events, tracer.loops
    tracer.events, tracer.loops = loop.body, (*tracer.loops, loop)
    element = tracer.evaluator.value(node.elt, inner)
    tracer.events, tracer.loops = outer, outer_loops
    if isinstance(element, Module):
        tracer.events.append(loop)
        return Repeated(element, loop)
    if len(tracer.trace.sites) == before:
        return None
    tracer.events.append(loop)  # what the layers of each turn give
    return Unknown()


def _last(size: Size, loop: Loop, before: Size) -> Size:
    """What a size is after the loop, seen from outside the class: `features[-1]`, also where it began with `features[0]`."""
    iterable = loop.iterable
    counted = ast.parse(iterable, mode="eval").body if iterable and loop.target.endswith(f", {size}") else None
    if isinstance(counted, ast.Call) and ast.unparse(counted.func) == "enumerate" and loop.target.count(",") == 1:
        iterable = ast.unparse(counted.args[0])  # `for i, size in enumerate(sizes)`
    if iterable and (size == loop.target or iterable != loop.iterable):
        whole = iterable.removesuffix("[1:]")
        if whole != iterable and before == f"{whole}[0]":
            return f"{whole}[-1]"
        return f"{atom(iterable)}[-1]"
    targets = {n.id for n in ast.walk(ast.parse(loop.target)) if isinstance(n, ast.Name)}
    return None if isinstance(size, str) and names_in(size) & targets else size


def _target(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text[1:-1] if isinstance(node, ast.Tuple) else text


def names_in(text: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(text, mode="eval")) if isinstance(node, ast.Name)}
