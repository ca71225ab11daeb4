"""`model.apply(variables, x, rngs=…, mutable=…)` is `model(x)`: keys reseed its streams, what it changes is kept in it."""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_nnx.migrate.around import text_of
from flake8_nnx.migrate.carry import default_of
from flake8_nnx.migrate.dead import read_before
from flake8_nnx.migrate.edits import Piece
from flake8_nnx.migrate.modes.around import without_flag
from flake8_nnx.migrate.roles import Method, Variables
from flake8_nnx.migrate.scaled import statistics_kept
from flake8_nnx.migrate.seeded import keys_of, stacked
from flake8_nnx.migrate.sown import CLEARED, sows
from flake8_nnx.migrate.training import quoted
from flake8_nnx.source.literals import is_none

if TYPE_CHECKING:
    from flake8_nnx.migrate.calls import Rewriting

COMPREHENSIONS = (ast.ListComp, ast.GeneratorExp, ast.DictComp, ast.SetComp)


def applied(rewriting: Rewriting, node: ast.Call, function: Method) -> None:
    """`model.apply(variables, x, rngs=…, mutable=…)` is `model(x)`."""
    given = rewriting.values.get(node.args[0]) if node.args else None
    slot = given.slot if isinstance(given, Variables) else function.slot  # that of a copy, where it is one
    model = rewriting.plan.model(slot)
    target, first = model, 1 if node.args else 0
    pieces: list[Piece] = list(node.args[first:])
    for keyword in node.keywords:
        if keyword.arg == "rngs":
            reseeded(rewriting, node, keyword.value, model)
        elif keyword.arg == "method":
            target = method_name(rewriting, keyword.value, model)
        elif keyword.arg == "mutable":
            mutable(rewriting, node, keyword.value, model)
        elif keyword.arg == "capture_intermediates":
            raise rewriting.stop(node, "capture_intermediates= has to become nnx.capture")
        elif keyword.arg != "variables":
            pieces.append(keyword.value)
    pieces = without_flag(rewriting, node, slot, target.removeprefix(model).removeprefix(".") or "__call__", pieces)
    for piece in pieces:
        assert not isinstance(piece, str)
        rewriting.expression(piece)
    curried = isinstance(node.func, ast.Call)  # nn.apply(f, model)(variables)
    if curried:
        name = ast.unparse(node.func.args[0])  # type: ignore[attr-defined]
        rewriting.edits.expressions[node.func] = name
        pieces = [model, *pieces]
    else:
        rewriting.edits.expressions[node.func] = target
    rewriting.edits.arguments[node] = pieces
    if sows(rewriting.program, slot):
        cleared(rewriting, node, model)


def cleared(rewriting: Rewriting, node: ast.Call, model: str) -> None:
    """What a call sows goes right after it, as in Linen, where it would be kept for the next one."""
    above = rewriting.facts.names.parent(node)
    while isinstance(above, ast.expr) and not isinstance(above, (ast.Lambda, *COMPREHENSIONS)):
        above = rewriting.facts.names.parent(above)
    if isinstance(above, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr)):
        texts = rewriting.edits.after.setdefault(above, [])
        if CLEARED.format(model) not in texts:
            texts.append(CLEARED.format(model))
    else:
        note = f"line {node.lineno}: `{model}` keeps what this call sows; clear it with {CLEARED.format(model)}"
        rewriting.plan.notes.append((rewriting.frame.file, note))


def method_name(rewriting: Rewriting, node: ast.expr, model: str) -> str:
    if isinstance(node, ast.Attribute):
        return model if node.attr == "__call__" else f"{model}.{node.attr}"
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return model if node.value == "__call__" else f"{model}.{node.value}"
    raise rewriting.stop(node, "method= is no method of the class that is written out", "call the function with the model")


def mutable(rewriting: Rewriting, call: ast.Call, node: ast.expr, model: str) -> None:
    """Collections that a call changes, and are kept; those that it makes anew are not changed in place."""
    named = [e.value for e in ast.walk(node) if isinstance(e, ast.Constant)]
    if named == [False]:
        return
    new = [name for name in named if name in ("intermediates", "losses", "perturbations") or not isinstance(name, str)]
    if new or not named:
        raise rewriting.stop(node, f"`mutable={ast.unparse(node)[:40]}` returns what the call makes", "read it with nnx.capture")
    above = rewriting.facts.names.parent(call)
    target = above.targets[0] if isinstance(above, ast.Assign) else None
    kept = target.elts[1] if isinstance(target, ast.Tuple) and len(target.elts) == 2 else None
    read = isinstance(kept, ast.Name) and read_before(rewriting.frame, kept.id)
    if not read and not isinstance(above, ast.Return):
        raise rewriting.stop(call, "what the call changes is dropped, and NNX would keep it", "call a copy that nnx.clone makes")
    if rewriting.frame in rewriting.program.apart:
        statistics_kept(rewriting, call, named, model)


def reseeded(rewriting: Rewriting, node: ast.Call, keys: ast.expr, model: str) -> None:
    """The keys of a call seed the streams of the model before it, so the same keys give the same numbers."""
    if keys_of(node) is None:
        return
    text = text_of(rewriting.frame)
    condition = ""
    if isinstance(keys, ast.IfExp) and isinstance(keys.orelse, ast.Constant):
        condition, keys = text.segment(keys.test, {}), keys.body
    swaps = rewriting.swaps(keys)
    if isinstance(keys, ast.Dict) and all(isinstance(k, ast.Constant) for k in keys.keys):
        streams = [(k.value, text.segment(v, swaps)) for k, v in zip(keys.keys, keys.values)]  # type: ignore[union-attr]
        given = ", ".join(f"{name}={key}" for name, key in streams if name != "params")
    else:
        given = f"**{text.segment(keys, swaps)}"
        if isinstance(keys, ast.Name) and may_be_none(rewriting, keys):
            condition = condition or f"{keys.id} is not None"
    if given:
        policy = f", policy={quoted('match_shape', rewriting.frame)}" if stacked(rewriting.plan) else ""
        call = f"nnx.reseed({model}, {given}{policy})"
        rewriting.put_before(node, f"if {condition}:\n    {call}" if condition else call)


def may_be_none(rewriting: Rewriting, name: ast.Name) -> bool:
    """Whether a parameter may be given None."""
    parameters = rewriting.frame.parameters
    parameter = next((p for p in parameters if p.arg == name.id), None)
    if parameter is None:
        return False
    none = default_of(name.id, rewriting.frame) == "None"
    none |= parameter.annotation is not None and "None" in ast.unparse(parameter.annotation)
    optional = parameter.annotation is not None and "Optional" in ast.unparse(parameter.annotation)
    sites = [site for frame in rewriting.program.all_frames() for site in frame.sites if site.callee.frame is rewriting.frame]
    given = [site.arguments.get(name.id) for site in sites]
    return none or optional or any(is_none(g) for g in given)
