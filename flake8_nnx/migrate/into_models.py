"""Trees of arrays that go into a model with `nnx.update`, made of the states of it and of others."""
from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_nnx.migrate.around import text_of
from flake8_nnx.migrate.leaves import only_parameters
from flake8_nnx.migrate.renewals import takes_gradients
from flake8_nnx.migrate.roles import Variables

if TYPE_CHECKING:
    from flake8_nnx.migrate.calls import Rewriting


TYPES = {None: ", nnx.Not(nnx.RngState)", "params": ", nnx.Param", "batch_stats": ", nnx.BatchStat"}


def tree_text(rewriting: Rewriting, node: ast.expr) -> str:
    """`params = jax.tree.map(f, params, grads)` is `nnx.update(model, jax.tree.map(f, nnx.state(model, nnx.Param), grads))`."""
    into = rewriting.program.renewed[node]
    model = rewriting.plan.model(into.slot)
    if not isinstance(node, ast.Call):
        return f"nnx.update({model}, {state(rewriting, node)})"
    if takes_gradients(rewriting.program, node) and into.collection is None and not only_parameters(rewriting.plan, into.slot):
        raise rewriting.stop(node, "gradients are those of parameters alone in NNX", "keep the parameters by themselves")
    swaps: dict[int, str] = {}
    for argument in [*node.args, *(k.value for k in node.keywords)]:
        if isinstance(rewriting.values.get(argument), Variables):
            swaps[id(argument)] = state(rewriting, argument)
        else:
            swaps.update(rewriting.swaps(argument))
    return f"nnx.update({model}, {text_of(rewriting.frame).segment(node, swaps)})"


def state_of(rewriting: Rewriting, node: ast.expr, value: Variables) -> str:
    """Variables as a state of NNX."""
    kind = TYPES.get(value.collection)
    if kind is None:
        raise rewriting.stop(node, f"the collection `{value.collection}` is given to a function of arrays")
    return f"nnx.state({rewriting.plan.model(value.slot)}{kind})"


def state(rewriting: Rewriting, node: ast.expr) -> str:
    value = rewriting.values[node]
    whole = value.collection is None and only_parameters(rewriting.plan, value.slot)
    return state_of(rewriting, node, Variables(value.slot, "params") if whole else value)
