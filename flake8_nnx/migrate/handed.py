"""Calls of functions of the program: what they are given, where a train state is two objects and other parameters are gone."""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from flake8_nnx.migrate.around import text_of
from flake8_nnx.migrate.construction import added_argument, empty
from flake8_nnx.migrate.edits import Piece
from flake8_nnx.migrate.roles import Method, Site, State, Variables, slot_of, slots_in
from flake8_nnx.migrate.scaled import parts
from flake8_nnx.migrate.training import mapped
from flake8_nnx.source.linen import PARTIAL

if TYPE_CHECKING:
    from flake8_nnx.migrate.calls import Rewriting


def site_rewritten(rewriting: Rewriting, site: Site) -> bool:
    """A call of a function of the program, with what that takes now."""
    plan, callee = rewriting.plan, site.callee.frame
    gone = empty(plan, callee)
    if gone is not None and not site.callee.gradient:
        return False
    node = site.call
    layout = dict(plan.layout(callee))
    given = {id(argument): name for name, argument in site.arguments.items()}
    pieces: list[Piece] = []
    extra = [name for name, _ in plan.added.get(callee, ())]
    changed = bool(extra)
    partial = rewriting.facts.origin(node.func) in PARTIAL
    by_position = not partial and callee in mapped(rewriting.program)  # nnx.pmap takes no keywords
    arguments: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
    for argument in arguments:
        inner = argument.value if isinstance(argument, ast.keyword) else argument
        name = given.get(id(inner))
        names = layout.get(name, [name]) if name else [None]
        value = rewriting.values.get(inner)
        if names == [] or (name and names != [name]) or (slots_in(value) and isinstance(value, (State, Method))):
            changed = True
            pieces += handed(rewriting, site, inner, name, names, argument)
        elif callee in rewriting.program.apart and isinstance(value, Variables) and not value.apart:
            rewriting.edits.expressions[inner] = parts(plan, callee)[1]
            pieces.append(inner)
        elif by_position and isinstance(argument, ast.keyword):
            changed = True
            pieces.append(text_of(rewriting.frame).segment(inner, rewriting.swaps(inner)))
        else:
            pieces.append(inner)
            rewriting.expression(inner)
    if not partial:
        rewriting.expression(node.func)
    if changed:
        pieces += [f"{name}={added_argument(rewriting, site, name)}" for name in extra]
        rewriting.edits.arguments[node] = pieces
    return True


def handed(
    rewriting: Rewriting, site: Site, inner: ast.expr, name: str | None, names: list[Any], argument: ast.AST
) -> list[Piece]:
    """What replaces an argument that holds a model: the model, its optimiser, both or nothing."""
    if not names:
        return []
    callee = site.callee.frame
    own, value = callee.given[name or ""], rewriting.values.get(inner)
    if not slots_in(value):
        raise rewriting.stop(inner, f"what `{callee.name}` takes as `{name}` cannot be followed here")
    if isinstance(value, State) and rewriting.created_by(inner)(value.optimizer):
        raise rewriting.stop(inner, "a train state is made inside of a call", "assign it to a name first")
    if rewriting.created_by(inner)(slot_of(value)) and not isinstance(inner, ast.Name):
        if len(names) > 1:
            raise rewriting.stop(inner, "a train state is made inside of a call", "assign it to a name first")
        rewriting.expression(inner)
        return [inner]
    texts: list[Piece] = []
    for new in names:
        optimizer = isinstance(own, State) and new == rewriting.plan.optimizer(own.optimizer)
        if not optimizer:
            text = rewriting.plan.model(slot_of(value))
        elif isinstance(value, State):
            text = rewriting.plan.optimizer(value.optimizer)
        else:
            raise rewriting.stop(inner, f"`{callee.name}` needs a train state as `{name}`")
        texts.append(f"{new}={text}" if isinstance(argument, ast.keyword) else text)
    return texts
