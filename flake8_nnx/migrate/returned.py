"""What functions return: models and optimisers that they are given change in place, those that they make are returned."""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from flake8_nnx.migrate.around import Created, pieces_of
from flake8_nnx.migrate.edits import Piece
from flake8_nnx.migrate.roles import Gradients, Items, Method, Model, State, slots_in
from flake8_nnx.migrate.signatures import returned_type

if TYPE_CHECKING:
    from flake8_nnx.migrate.calls import Rewriting


def returned(rewriting: Rewriting, node: ast.Return) -> None:
    assert node.value is not None
    frame = rewriting.frame
    local: Created = lambda slot: slot.root.frame is frame and not slot.root.is_given
    before = [node.value]
    if isinstance(node.value, ast.Call) and created_here(rewriting, node.value, local):
        return
    pieces = returns(rewriting, node.value, rewriting.values[node.value], local)
    made = pieces_of(rewriting.values[node.value], local, rewriting.plan, node.value)
    if pieces != before:
        if frame.parent is not None and isinstance(frame.parent.node, ast.Module):
            rewriting.plan.notes.append((frame.file, f"line {node.lineno}: `{frame.name}` returns {shown(pieces)} now"))
        returned_type(rewriting, pieces)
    elif isinstance(node.value, ast.Call) and isinstance(rewriting.values[node.value], State):
        returned_type(rewriting, made)
    effect = rewriting.expression(node.value, alone=not pieces) if isinstance(node.value, ast.Call) or pieces == before else True
    if not pieces:
        if effect and isinstance(node.value, ast.Call):
            rewriting.edits.unassigned.add(node)
        else:
            rewriting.edits.removed.add(node)
        if node is not frame.node.body[-1]:  # type: ignore[attr-defined]
            raise rewriting.stop(node, "a return in the middle of a function has nothing left to return", "return at its end")
    elif pieces != before and not isinstance(node.value, ast.Call):
        rewriting.replace(node.value, pieces)


def created_here(rewriting: Rewriting, node: ast.Call, local: Created) -> bool:
    """`return TrainState.create(…)` beside the model of the function returns both."""
    value, created = rewriting.values[node], rewriting.created_by(node)
    if not isinstance(value, State) or not created(value.optimizer) or created(value.slot) or not local(value.slot):
        return False
    if not isinstance(node.func, ast.Attribute) or node.func.attr != "create":
        return False
    rewriting.expression(node)
    both = [rewriting.plan.model(value.slot), rewriting.plan.optimizer(value.optimizer)]
    rewriting.put_before(node, f"{both[1]} = {rewriting.spelled(node)}")
    rewriting.edits.expressions[node] = ", ".join(both)
    note = f"line {node.lineno}: `{rewriting.frame.name}` returns `{', '.join(both)}` now"
    rewriting.plan.notes.append((rewriting.frame.file, note))
    returned_type(rewriting, list[Piece](both))
    return True


def returns(rewriting: Rewriting, node: ast.expr, value: Any, local: Created) -> list[Piece]:
    """What is left of a returned expression; elements of tuples are planned here."""
    if isinstance(node, ast.Tuple) and isinstance(value, Items):
        pieces: list[Piece] = []
        for element, part in zip(node.elts, value.elements):
            found = returns(rewriting, element, part, local)
            if isinstance(element, ast.Tuple) and found and found != [element]:
                rewriting.replace(element, found)
                found = [element]
            elif found == [element] or (found and isinstance(element, ast.Call)):
                rewriting.expression(element)
            elif isinstance(element, ast.Call) and has_effect(rewriting, element):
                before(rewriting, node, element)
            pieces += found
        return [node] if pieces == node.elts else pieces
    if isinstance(value, Model) and (rewriting.frame, node) in value.slot.root.definitions:
        return [node]  # maybe one of several
    if isinstance(node, ast.Call) and not isinstance(value, (Items, Gradients)):
        created = rewriting.created_by(node)
        if [local(slot) for slot in slots_in(value)] != [created(slot) for slot in slots_in(value)]:
            raise rewriting.stop(node, "it returns a model that was made earlier", "assign it to a name first")
        return [node] if pieces_of(value, local, rewriting.plan, node) else []
    found = pieces_of(value, local, rewriting.plan, node)
    return [node] if isinstance(node, ast.Name) and found == [node.id] else found


def has_effect(rewriting: Rewriting, node: ast.Call) -> bool:
    value = rewriting.values.get(node.func)
    return (isinstance(value, Method) and value.name == "apply_gradients") or node in rewriting.program.renewed


def before(rewriting: Rewriting, place: ast.AST, call: ast.Call) -> None:
    """`return state.apply_gradients(…), loss`: the update comes first."""
    rewriting.expression(call, alone=True)
    text = rewriting.edits.expressions.pop(call)
    rewriting.put_before(place, text)


def shown(pieces: list[Piece]) -> str:
    texts = [piece if isinstance(piece, str) else ast.unparse(piece) for piece in pieces]
    texts = [text if len(text) <= 40 else "…" for text in texts]
    return f"`{', '.join(texts)}`" if texts else "nothing"
