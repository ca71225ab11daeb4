"""Trees of arrays that go into a model with `nnx.update`, made of the states of it and of others."""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_nnx.migrate.around import text_of
from flake8_nnx.migrate.leaves import only_parameters
from flake8_nnx.migrate.renewals import takes_gradients
from flake8_nnx.migrate.replaced import state_of
from flake8_nnx.migrate.roles import Variables

if TYPE_CHECKING:
    from flake8_nnx.migrate.calls import Rewriting


def put_into_model(rewriting: Rewriting, node: ast.expr) -> None:
    """`params = jax.tree.map(f, params, grads)` is `nnx.update(model, jax.tree.map(f, nnx.state(model, nnx.Param), grads))`."""
    into = rewriting.program.renewed[node]
    model = rewriting.plan.model(into.slot)
    if not isinstance(node, ast.Call):
        rewriting.edits.expressions[node] = f"nnx.update({model}, {state(rewriting, node)})"
        return
    if takes_gradients(rewriting.program, node) and into.collection is None and not only_parameters(rewriting.plan, into.slot):
        raise rewriting.stop(node, "gradients are those of parameters alone in NNX", "keep the parameters by themselves")
    arguments = [*node.args, *(k.value for k in node.keywords)]
    swaps: dict[int, str] = {}
    for argument in arguments:
        if isinstance(rewriting.values.get(argument), Variables):
            swaps[id(argument)] = state(rewriting, argument)
        else:
            swaps.update(rewriting.swaps(argument))
    rewriting.edits.expressions[node] = f"nnx.update({model}, {text_of(rewriting.frame).segment(node, swaps)})"


def state(rewriting: Rewriting, node: ast.expr) -> str:
    value = rewriting.values[node]
    whole = value.collection is None and only_parameters(rewriting.plan, value.slot)
    return state_of(rewriting, node, Variables(value.slot, "params") if whole else value)
