"""The parameters of functions that take models, and the types of what they take and return."""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_nnx.migrate.around import own_nodes
from flake8_nnx.migrate.edits import Piece
from flake8_nnx.migrate.roles import Model, OptState, State, slots_in
from flake8_nnx.source.names import FUNCTIONS

if TYPE_CHECKING:
    from flake8_nnx.migrate.calls import Rewriting


def signature(rewriting: Rewriting) -> None:
    frame, plan = rewriting.frame, rewriting.plan
    if not isinstance(frame.node, FUNCTIONS):
        return
    layout = plan.layout(frame)
    added = plan.added.get(frame, [])
    if all(names == [name] for name, names in layout) and not added:
        return
    nodes = {p.arg: p for p in frame.parameters}
    pieces: list[Piece] = []
    keywords = {p.arg for p in frame.node.args.kwonlyargs}
    for name, names in layout:
        if name in keywords and "*" not in pieces:
            pieces.append("*")
        for new in names:
            annotation = parameter_annotation(rewriting, nodes[name], new)
            pieces.append(nodes[name] if new == name and annotation is None else f"{new}{annotation or ''}")
    if added and "*" not in pieces:
        pieces.append("*")
    pieces += [f"{name}: {annotation}" for name, annotation in added]
    rewriting.edits.parameters[frame.node] = pieces


def parameter_annotation(rewriting: Rewriting, parameter: ast.arg, new: str) -> str | None:
    """The type of a parameter that replaces one with an annotation; None where it stays as it is."""
    value = rewriting.frame.given.get(parameter.arg)
    if not slots_in(value) or (isinstance(value, Model) and new == parameter.arg):
        return ": nnx.Module" if rewriting.facts.linen_name(parameter.annotation) == "Module" else None
    if parameter.annotation is None:
        return None if new == parameter.arg else ""
    if isinstance(value, OptState):
        return ": nnx.Optimizer"
    optimizer = isinstance(value, State) and new == rewriting.plan.optimizer(value.optimizer)
    return f": {optimizer_type(rewriting, parameter.annotation)}" if optimizer else ": nnx.Module"


def optimizer_type(rewriting: Rewriting, annotation: ast.expr) -> str:
    """`nnx.Optimizer`, or the class of train states that an annotation names, where that stays."""
    own = rewriting.program.state_class(annotation, rewriting.frame) in rewriting.plan.states
    return ast.unparse(annotation) if own else "nnx.Optimizer"


def returned_type(rewriting: Rewriting, pieces: list[Piece]) -> None:
    """What a function returns has another type now."""
    function = rewriting.frame.node
    returns = getattr(function, "returns", None)
    if returns is None:
        return
    if not any(isinstance(piece, ast.AST) for piece in pieces):
        names = set(rewriting.plan.optimizers.values())
        types = [optimizer_type(rewriting, returns) if piece in names else "nnx.Module" for piece in pieces]
        text = "None" if not types else types[0] if len(types) == 1 else f"tuple[{', '.join(types)}]"
        rewriting.edits.expressions[returns] = text
        return
    inner = returns.slice if isinstance(returns, ast.Subscript) else None
    one = next((r for r in own_nodes(function) if isinstance(r, ast.Return) and isinstance(r.value, ast.Tuple)), None)
    values = one.value.elts if one is not None and isinstance(one.value, ast.Tuple) else []
    if isinstance(inner, ast.Tuple) and len(inner.elts) == len(values):
        kept = [a for a, e in zip(inner.elts, values) if e in pieces]
        if len(kept) == 1 == len(pieces):
            rewriting.edits.expressions[returns] = ast.unparse(kept[0])
            return
    rewriting.edits.returns.add(function)
