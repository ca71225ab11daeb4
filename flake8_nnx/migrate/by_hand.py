"""Optax without a train state: the state becomes an `nnx.Optimizer`, whose `update` does what two calls did.

`updates, opt_state = tx.update(grads, opt_state, params)` changes both in place, so what adds the updates to the parameters goes.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from flake8_nnx.migrate.around import Plan, Stop, own_nodes, text_of
from flake8_nnx.migrate.by_hand_names import assignment
from flake8_nnx.migrate.leaves import only_parameters
from flake8_nnx.migrate.roles import Callee, Frame, Maker, Slot, Transform, Updates, Variables, slot_of, slots_in
from flake8_nnx.migrate.transformations import makers
from flake8_nnx.source.literals import is_none
from flake8_nnx.source.names import Names

if TYPE_CHECKING:
    from flake8_nnx.migrate.calls import Rewriting

ADVICE = "add the updates to the parameters right after tx.update, or use nnx.Optimizer by hand"


def check_by_hand(plan: Plan, frames: Sequence[Frame]) -> None:
    """Every update is applied once, right after it, and by the transformation that its state was initialised by.

    Raises:
        Stop: at the first that is not.
    """
    for node, (frame, slot, transform) in plan.program.by_hand.updated.items():
        if frame not in frames:
            continue
        if frame in plan.program.apart:
            raise Stop(node, frame, "parameters are updated in a function that DynamicScale differentiates")
        same_transform(plan, frame, node, slot, transform)
        call = application(plan, frame, node)
        between = [n for n in following(frame.file.facts.names, node, call) if isinstance(n, ast.Name)]
        held = [n for n in between if {slot.root, model_of(plan, node)} & set(slots_in(plan.program.values.get(n)))]
        if held:
            reason = f"`{held[0].id}` is read between tx.update and optax.apply_updates, which are one in NNX"
            raise Stop(held[0], frame, reason, ADVICE)
        for name in readers(plan, frame, node):
            above = frame.file.facts.names.parent(name)
            origin = plan.program.origin(above.func, frame) if isinstance(above, ast.Call) else ""
            if not origin.startswith(("optax.", "jax.")):
                raise Stop(name, frame, f"`{name.id}`, the updates, are read by more than functions of jax and optax", ADVICE)


def model_of(plan: Plan, node: ast.Call) -> Slot:
    return plan.program.by_hand.models(node)[0]


def check_none(plan: Plan, frames: Sequence[Frame]) -> None:
    """A name of a model, or of a state of optax, is not None at first.

    Raises:
        Stop: one is, so what asks for it would find a name that is never set.
    """
    for frame in frames:
        held = [n for n in own_nodes(frame.node) if isinstance(n, ast.Name) and slots_in(plan.program.values.get(n))]
        names = {name.id for name in held}
        for node in own_nodes(frame.node):
            none = isinstance(node, ast.Assign) and is_none(node.value)
            for target in node.targets if isinstance(node, ast.Assign) and none else ():
                if isinstance(target, ast.Name) and target.id in names:
                    reason = f"`{target.id}` is None at first, and later a model, its variables or its train state"
                    raise Stop(node, frame, reason, "make it before")


def same_transform(plan: Plan, frame: Frame, node: ast.Call, slot: Slot, transform: Transform) -> None:
    known = makers(plan.program, slot)
    called = any(site.callee.frame is slot.root.frame for other in plan.program.all_frames() for site in other.sites)
    if slot.root.is_given and not called:
        return  # whoever calls it makes the optimiser
    if known != transform.makers or len(known) != 1 or any(in_turns(plan, maker) for maker in known):
        reason = f"`{ast.unparse(node)[:60]}` may be of another transformation than the one that made its state"
        raise Stop(node, frame, reason, "make the transformation once, and hand it on")


def in_turns(plan: Plan, maker: Maker) -> bool:
    """Whether every turn of a loop makes a transformation, and only some of them initialise its state."""
    names, made = maker.frame.file.facts.names, maker.path[0]
    loop = names.enclosing(made, ast.For, ast.While)
    block = names.parent(names.enclosing(made, ast.stmt) or made)
    inits = [call for call, (_, _, transform) in plan.program.by_hand.made.items() if maker in transform.makers]
    return loop is not None and any(names.parent(names.enclosing(call, ast.stmt) or call) is not block for call in inits)


def application(plan: Plan, frame: Frame, node: ast.Call) -> ast.Call:
    """The call that adds these updates to the parameters."""
    names, applied = frame.file.facts.names, plan.program.by_hand.applied.get(node, [])
    statement = names.parent(node)
    target = statement.targets[0] if isinstance(statement, ast.Assign) and len(statement.targets) == 1 else None
    if not isinstance(target, ast.Tuple) or len(target.elts) != 2 or not isinstance(target.elts[0], ast.Name):
        raise Stop(node, frame, f"`{ast.unparse(node)[:60]}` is not assigned to two names", ADVICE)
    if len(applied) != 1 or applied[0][0] is not frame:
        raise Stop(node, frame, f"the updates of `{ast.unparse(node)[:60]}` are not added to parameters once", ADVICE)
    _, call, slot = applied[0]
    if names.enclosing(call, ast.stmt) not in later(names, statement):
        raise Stop(call, frame, "the updates may be added to the parameters, or not", ADVICE)
    params = next((k.value for k in node.keywords if k.arg == "params"), node.args[2] if len(node.args) > 2 else None)
    given = plan.program.values.get(params) if params is not None else None
    if params is not None and (not isinstance(given, Variables) or slot_of(given) is not slot.root):
        raise Stop(node, frame, f"`{ast.unparse(params)[:60]}` are other parameters than the updates are added to")
    return call


def readers(plan: Plan, frame: Frame, node: ast.Call) -> Iterator[ast.Name]:
    """The names that read the updates of a call beside the one that adds them to the parameters, as in `optax.global_norm`."""
    added = {argument for _, call, _ in plan.program.by_hand.applied.get(node, ()) for argument in call.args}
    for name in own_nodes(frame.node, nested=True):
        value = plan.program.values.get(name)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load) and name not in added:
            if isinstance(value, Updates) and value.call is node:
                yield name


def later(names: Names, statement: ast.AST | None) -> list[ast.stmt]:
    """The statements after one in its block."""
    holder = names.parent(statement) if statement is not None else None
    for name in ("body", "orelse", "finalbody"):
        block = getattr(holder, name, None)
        if isinstance(block, list) and statement in block:
            return block[block.index(statement) + 1:]
    return []


def following(names: Names, node: ast.Call, call: ast.Call) -> Iterator[ast.AST]:
    """The nodes between the statements of two calls of one block."""
    end = names.enclosing(call, ast.stmt)
    for statement in later(names, names.enclosing(node, ast.stmt)):
        if statement is end:
            return
        yield from ast.walk(statement)


# ---- rewriting --------------------------------------------------------------------------------------------------------


def by_hand(rewriting: Rewriting, node: ast.Call) -> bool | None:
    """Plan a call of optax by hand, and whether it does something; None where it is none."""
    known = rewriting.program.by_hand
    if node in known.made:
        optimizer_made(rewriting, node)
        return True
    if node in known.updated:
        updated(rewriting, node)
        return True
    added = any(call is node for several in known.applied.values() for _, call, _ in several)
    return False if added else None


def optimizer_made(rewriting: Rewriting, node: ast.Call) -> None:
    """`tx.init(params)` is `nnx.Optimizer(model, tx, wrt=nnx.Param)`."""
    assert isinstance(node.func, ast.Attribute)
    params = rewriting.values[node.args[0]]
    whole = params.collection is None and only_parameters(rewriting.plan, params.slot)
    if params.collection != "params" and not whole:
        reason = f"`{ast.unparse(node.args[0])[:60]}` may hold more than parameters, which nnx.Param is not"
        raise rewriting.stop(node, reason, "give the transformation the parameters alone")
    made, slot = node.func.value, slot_of(rewriting.values[node])
    if isinstance(made, ast.Name) and made.id == rewriting.plan.optimizer(slot):  # which is free, so nothing else reads it
        before = assignment(rewriting.frame, made.id)
        assert before is not None
        rewriting.edits.removed.add(before)
        made = before.value
    tx = text_of(rewriting.frame).segment(made, rewriting.swaps(made))
    rewriting.edits.expressions[node.func] = "nnx.Optimizer"
    rewriting.edits.arguments[node] = [rewriting.plan.model(params.slot), tx, "wrt=nnx.Param"]


def updated(rewriting: Rewriting, node: ast.Call) -> None:
    """`tx.update(grads, opt_state, params, value=loss)` is `optimizer.update(model, grads, value=loss)`."""
    _, slot, _ = rewriting.program.by_hand.updated[node]
    model, optimizer = rewriting.plan.model(model_of(rewriting.plan, node)), rewriting.plan.optimizer(slot)
    extra = [keyword for keyword in node.keywords if keyword.arg != "params"]
    for keyword in extra:
        value = rewriting.values.get(keyword.value)
        if keyword.arg is None or isinstance(value, (Callee, Variables)):
            raise rewriting.stop(node, f"`{ast.unparse(keyword)[:60]}` is given to the transformation as well")
    rewriting.edits.expressions[node.func] = f"{optimizer}.update"
    grads, more = node.args[0], [keyword.value for keyword in extra]
    for inner in (grads, *more):
        rewriting.expression(inner)
    rewriting.edits.arguments[node] = [model, grads, *more]
