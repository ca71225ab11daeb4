"""Assignments: what the names and attributes on the left hold afterwards, and the statements that `__init__` repeats.

A name that gets a new value takes what was told in its terms with it.
"""
from __future__ import annotations

import ast
from collections.abc import Container
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flake8_nnx.source import shapes
from flake8_nnx.source.bindings import bind
from flake8_nnx.source.checks import of_setup
from flake8_nnx.source.chosen import chosen_class
from flake8_nnx.source.events import Assignment
from flake8_nnx.source.inittext import Env
from flake8_nnx.source.layer_lists import is_module
from flake8_nnx.source.loops import names_in
from flake8_nnx.source.methods import plain_names, target_text
from flake8_nnx.source.opened import named_size
from flake8_nnx.source.values import Array, Chosen, Function, Items, Partial, Repeated, Static, Unknown
from flake8_nnx.source.values import appended, elements, size_of

if TYPE_CHECKING:
    from flake8_nnx.source.trace import Tracer

CHANGING = frozenset("append extend insert pop remove clear sort reverse update setdefault add discard".split())


def assign(tracer: Tracer, node: ast.Assign, env: Env) -> None:
    """`name = value`."""
    if chosen_class(tracer, node, node.value, env):
        return
    value = tracer.evaluator.value(node.value, env)
    _assigned(tracer, node, node.targets, node.value, value, env)


def annotated(tracer: Tracer, node: ast.AnnAssign, env: Env) -> None:
    """`name: int = value`."""
    if node.value is not None:
        _assigned(tracer, node, [node.target], node.value, tracer.evaluator.value(node.value, env), env)


def augmented(tracer: Tracer, node: ast.AugAssign, env: Env) -> None:
    """`name += value`."""
    value = tracer.evaluator.value(node.value, env)
    if isinstance(node.target, ast.Name):
        old = env.get(node.target.id, Unknown())
        if isinstance(old, Static) and isinstance(value, Static):
            text = value.text
            _forget(tracer, node.target.id, env)
            operator = ast.unparse(ast.AugAssign(ast.Name("a"), node.op, ast.Name("b")))[2:-2]
            tracer.events.append(Assignment(node, (node.target.id,), f"{node.target.id} {operator} {text}"))
            env[node.target.id] = Static(node.target.id)
        elif isinstance(node.op, ast.Add) and (longer := appended(old, value)) is not None:
            env[node.target.id] = longer
        else:
            env[node.target.id] = shapes.broadcast([old, value])


def _assigned(tracer: Tracer, node: ast.stmt, targets: list[ast.expr], source: ast.expr, value: Any, env: Env) -> None:
    text = value.text if isinstance(value, Static) else None
    for target in targets:
        names = plain_names(target)
        size = named_size(tracer, target, source, value)
        if size is not None:
            _recorded(tracer, node, names, size.text, size, target, env)
        elif text is not None and names and not isinstance(value, (Partial, Function)):
            _recorded(tracer, node, names, text, value, target, env)
        else:
            listed = isinstance(value, Items) and value.items and all(map(is_module, value.items))
            if (isinstance(value, Repeated) or listed) and isinstance(source, ast.Name):
                tracer.trace.understood.add(node)
            if isinstance(value, Chosen) and isinstance(target, ast.Name):
                tracer.trace.choices.add(node)
            bind(tracer, target, value, env)
            _stored(tracer, node, target, names, source, value, env)
            own = tracer.trace.sites[-1] if tracer.trace.sites else None
            if own is not None and own.call is source and own.ref is None and isinstance(target, ast.Attribute):
                own.attribute = target.attr  # self.kernel = self.param('kernel', …)


def _stored(
    tracer: Tracer, node: ast.stmt, target: ast.expr, names: tuple[str, ...], source: ast.expr, value: Any, env: Env
) -> None:
    """An array that is made of what `__init__` knows: `self.table = jnp.arange(self.size)`; in the call, by a name."""
    named = tracer.method != "setup" and isinstance(value, Array) and isinstance(target, ast.Name) and not tracer.inlining
    stored = named or of_setup(tracer, node) and isinstance(value, (Array, Unknown, Items, Function))
    text = tracer.evaluator.text(source, env) if stored else None
    if text is None or not names or isinstance(value, Function) and not names[0].startswith("self."):
        return
    tracer.events.append(Assignment(node, names, f"{target_text(target)} = {text}"))
    parts = elements(value) if len(names) > 1 or not isinstance(target, (ast.Name, ast.Attribute)) else (value,)
    for name, part in zip(names, parts or (Unknown(),) * len(names)):
        known = replace(part, text=name) if isinstance(part, Array) else Static(name) if isinstance(part, Unknown) else part
        if name.startswith("self."):
            tracer.attributes[name[5:]] = known
        else:
            env[name] = known


def _recorded(
    tracer: Tracer, node: ast.stmt, names: tuple[str, ...], text: str, value: Any, target: ast.expr, env: Env
) -> None:
    """A statement that `__init__` can repeat: the names keep their own text there."""
    for name in names:
        _forget(tracer, name, env)
    tracer.events.append(Assignment(node, names, f"{target_text(target)} = {text}"))
    items, whole = elements(value), isinstance(target, (ast.Name, ast.Attribute))
    for index, name in enumerate(names):
        part = value if whole else items[index] if items is not None and index < len(items) else Unknown()
        plain = part == Static("None") and not name.startswith("self.")
        known = part if plain or tracer.depth > 0 else Static(name, _parts_of(name, part, tracer.facts.fields_of(tracer.cls)))
        if name.startswith("self."):
            tracer.attributes[name[5:]] = known
        else:
            env[name] = known


def changed_in_place(tracer: Tracer, node: ast.Expr, call: ast.expr, env: Env) -> bool:
    """`sizes.append(7)` of a list that `__init__` has: it is changed there as well, or not known any more."""
    func = call.func if isinstance(call, ast.Call) else None
    name = func.value.id if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) else ""
    known = isinstance(env.get(name), Static) and tracer.method != "setup"  # where what is not understood is refused
    if not known or func.attr not in CHANGING:  # type: ignore[union-attr]
        return False
    text = tracer.evaluator.text(call, env)
    if text is None or env[name].text != name:
        env[name] = Unknown()
        return False
    _forget(tracer, name, env)
    tracer.events.append(Assignment(node, (name,), text))
    env[name] = Static(name)
    return True


def _forget(tracer: Tracer, name: str, env: Env) -> None:
    """A name gets a new value: sizes expressed with it are no longer known."""
    if isinstance(env.get(name), Static):
        for other, value in list(env.items()):
            if isinstance(value, Array):
                stale = {axis: None for axis, size in value.axes.items() if isinstance(size, str) and name in names_in(size)}
                if stale:
                    env[other] = value.with_axes(stale)


def _parts_of(name: str, value: Any, fields: Container[str]) -> tuple[Any, ...] | None:
    """The elements of what a name holds: numbers and fields as they are, the others by their places."""
    items = elements(value)
    if items is None or all(isinstance(size_of(item), int) or not isinstance(item, Static) for item in items):
        return items
    return tuple(
        item if not isinstance(item, Static) or isinstance(size_of(item), int) or item.text.removeprefix("self.") in fields
        else Static(f"{name}[{i}]", item.items)
        for i, item in enumerate(items)
    )
