"""`state.replace(…)`: trees, statistics and fields of a train state are put in their places, one statement each.

A tree may choose leaf by leaf between what is now and what was before the update, of which a copy is kept.
"""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_nnx.migrate.around import Plan, text_of
from flake8_nnx.migrate.flow import Program
from flake8_nnx.migrate.into_models import TYPES, state_of, tree_text
from flake8_nnx.migrate.known import TREE_MAPS
from flake8_nnx.migrate.roles import Field, Method, Slot, Variables
from flake8_nnx.migrate.states import own_field, reads, reads_model
from flake8_nnx.source.linen import Facts

if TYPE_CHECKING:
    from flake8_nnx.migrate.calls import Rewriting

# A train state has no streams, and keys cannot be saved.
WITHOUT_STREAMS = "nnx.state({}, nnx.Not(nnx.RngState))"


def replaced_state(rewriting: Rewriting, node: ast.Call, function: Method) -> bool:
    """`state.replace(…)`: what the model has anyway is nothing, trees and fields are put in their places.

    `state.replace(apply_fn=other.apply)`, and then `replace(params=state.params)`, give the other model the variables.
    """
    plan, after, model = rewriting.plan, rewriting.values[node], function.slot.root
    texts: list[str] = []
    for keyword in node.keywords:
        value = rewriting.values.get(keyword.value)
        if keyword.arg in rewriting.program.kept_fields:
            texts.append(kept_text(rewriting, node, keyword))
        elif isinstance(value, (Variables, Method)) and value.slot.root is model:
            texts += updated_text(rewriting, keyword.value, value, function)
        elif after.slot.root is not model and len(node.keywords) == 1:
            texts.append(f"nnx.update({plan.model(after.slot)}, {WITHOUT_STREAMS.format(plan.model(model))})")
        elif model.source is not None and isinstance(value, Variables) and value.slot.root is model.source.root:
            texts.append(f"nnx.update({plan.model(after.slot)}, {state_of(rewriting, keyword.value, value)})")
        else:
            texts.append(set_text(rewriting, node, keyword, function))
    if node.args or any(keyword.arg is None for keyword in node.keywords):
        raise rewriting.stop(node, f"`{ast.unparse(node)[:60]}` does not name what it sets")
    if texts:
        in_statement(rewriting, node)
    for text in texts:
        rewriting.put_before(node, text)
    return False


def kept_text(rewriting: Rewriting, node: ast.Call, keyword: ast.keyword) -> str:
    """A tree that goes into the model that the optimiser keeps; nothing else that the call sets is read for it."""
    if keyword.value not in rewriting.program.renewed or len(node.keywords) > 1:
        reason = f"`{ast.unparse(node)[:60]}` sets `{keyword.arg}` to more than a tree of parameters"
        raise rewriting.stop(node, reason, "set it alone, by jax.tree.map or optax.incremental_update")
    return tree_text(rewriting, keyword.value)


def updated_text(rewriting: Rewriting, node: ast.expr, value: object, function: Method) -> list[str]:
    """Statistics that a loss apart from the model returned go into the model."""
    if not isinstance(value, Variables) or not value.apart:
        return []
    if not value.updated:
        raise rewriting.stop(node, f"`{ast.unparse(node)[:60]}` belongs to a loss that DynamicScale differentiates")
    text = text_of(rewriting.frame).segment(node, rewriting.swaps(node))
    return [f"nnx.update({rewriting.plan.model(function.slot)}, {text})"]


def set_text(rewriting: Rewriting, node: ast.Call, keyword: ast.keyword, function: Method) -> str:
    plan, text = rewriting.plan, text_of(rewriting.frame)
    assert function.optimizer is not None
    optimizer = plan.optimizer(function.optimizer)
    tree = tree_of(rewriting.program, rewriting.facts, keyword, function.slot)
    if tree is not None:
        call = keyword.value
        assert isinstance(call, ast.Call)
        swaps = {id(argument): selected(rewriting, argument, function, tree) for argument in call.args[1:]}
        swaps.update(rewriting.swaps(call.args[0]))
        target = f"{optimizer}.opt_state" if tree == "opt_state" else plan.model(function.slot)
        return f"nnx.update({target}, {text.segment(call, swaps)})"
    own = own_field_set(rewriting, keyword, function, alone=len(node.keywords) == 1)
    if own is None:
        raise rewriting.stop(node, f"`{ast.unparse(node)[:60]}` sets `{keyword.arg}` of a train state")
    return own


def own_field_set(rewriting: Rewriting, keyword: ast.keyword, function: Method, alone: bool = False) -> str | None:
    """`optimizer.key.set_value(key)`; what else the call sets must not be read for it."""
    plan, node = rewriting.plan, keyword.value
    if keyword.arg is None or not own_field(plan, keyword.arg) or function.optimizer is None:
        return None
    if reads(rewriting.program, node) and (not alone or reads_model(rewriting.program, node)):
        return None
    text = text_of(rewriting.frame).segment(node, rewriting.swaps(node))
    return f"{plan.optimizer(function.optimizer)}.{keyword.arg}.set_value({text})"


def selected(rewriting: Rewriting, argument: ast.expr, function: Method, tree: str) -> str:
    """A tree of the model or the optimiser as it is now, or as it was before the update."""
    plan, old = rewriting.plan, argument in rewriting.plan.kept
    if tree == "opt_state" and function.optimizer is not None:
        return f"nnx.state({old_optimizer(plan, function.optimizer) if old else plan.optimizer(function.optimizer)}.opt_state)"
    return f"nnx.state({old_model(plan, function.slot) if old else plan.model(function.slot)}{TYPES[tree]})"


def tree_of(program: Program, facts: Facts, keyword: ast.keyword, slot: Slot) -> str | None:
    """What `jax.tree.map(f, new_state.params, state.params)` is a tree of, where it is one of all its arguments."""
    node = keyword.value
    if not isinstance(node, ast.Call) or facts.origin(node.func) not in TREE_MAPS or node.keywords or len(node.args) < 2:
        return None
    kinds: set[str | None] = set()
    for argument in node.args[1:]:
        value = program.values.get(argument)
        if isinstance(value, Variables) and not value.updated and not value.apart and value.slot.root is slot.root:
            kinds.add(value.collection)
        elif isinstance(value, Field) and isinstance(argument, ast.Attribute) and value.slot.root is slot.root:
            kinds.add(value.name)
        else:
            return None
    if kinds != {keyword.arg} or keyword.arg not in ("params", "batch_stats", "opt_state") or reads(program, node.args[0]):
        return None
    return keyword.arg


def in_statement(rewriting: Rewriting, node: ast.AST) -> None:
    """What a call does can be done before its statement."""
    above: ast.AST | None = rewriting.facts.names.parent(node)
    while above is not None and not isinstance(above, ast.stmt):
        if isinstance(above, (ast.IfExp, ast.BoolOp)):
            raise rewriting.stop(node, "it changes a train state in the middle of an expression", "write it as a statement")
        above = rewriting.facts.names.parent(above)


# ---- what was before the update ---------------------------------------------------------------------------------------


def old_model(plan: Plan, slot: Slot) -> str:
    return plan.free(f"old_{plan.model(slot)}", slot.root)


def old_optimizer(plan: Plan, slot: Slot) -> str:
    return plan.free(f"old_{plan.optimizer(slot)}", slot.root)


def copies_kept(rewriting: Rewriting, node: ast.Call, function: Method) -> None:
    """Copies of the model and of the optimiser before an update after which both are read as they were."""
    plan = rewriting.plan
    trees = {argument.attr for argument, call in plan.kept.items() if call is node}
    names = []
    if trees - {"opt_state"}:
        names.append((old_model(plan, function.slot), plan.model(function.slot)))
    if "opt_state" in trees and function.optimizer is not None:
        names.append((old_optimizer(plan, function.optimizer), plan.optimizer(function.optimizer)))
    for old, new in names:
        rewriting.put_before(node, f"{old} = nnx.clone({new})")
