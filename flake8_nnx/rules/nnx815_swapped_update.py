"""`optimizer.update` with its arguments swapped.

`nnx.Optimizer.update` takes the model first; Optax's `update` takes the gradients first.

**What it flags.** `optimizer.update(grads, model)` of a known `nnx.Optimizer` where the second argument is an NNX
module and the first is not, at the call.

**Why.** Swapped, the gradients are updated with the weights as gradients: the model stays as it was, without an error.

**Caveats.** Optax's own `tx.update(grads, state, params)` is right and is not looked at. Before flax 0.11 the method
took the gradients alone.

Source: Flax guide "NNX 0.10 to NNX 0.11"; established by running it on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules._jit import is_kind
from flake8_nnx.rules._text import quote
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

GRADIENTS = frozenset({"grad", "grads", "gradient", "gradients"})

RULE = Rule(
    "NNX815",
    "swapped-update",
    "`{call}` leaves the model as it is: the model comes first, `{code}`",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
from flax import nnx


@nnx.jit
def step(model: nnx.Linear, optimizer: nnx.Optimizer, x):
    grads = nnx.grad(lambda model: model(x).sum())(model)
    optimizer.update(grads, model)
''',
            nnx='''
from flax import nnx


@nnx.jit
def step(model: nnx.Linear, optimizer: nnx.Optimizer, x):
    grads = nnx.grad(lambda model: model(x).sum())(model)
    optimizer.update(model, grads)
''',
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per update whose second argument is the model."""
    func = call.func
    if not isinstance(func, ast.Attribute) or func.attr != "update" or len(call.args) < 2:
        return
    if not is_kind(func.value, facts, "optimizer") or isinstance(call.args[0], ast.Starred):
        return
    grads, model = call.args[:2]
    if is_kind(model, facts, "module") and nnx.instance(grads, facts) is None and _gradients(grads, facts):
        swapped = ast.Call(func=func, args=[model, grads, *call.args[2:]], keywords=call.keywords)
        yield call, {"call": quote(call), "code": quote(swapped)}


def _gradients(node: ast.expr, facts: Facts) -> bool:
    """Whether an expression is called gradients, or comes from a call: not another name of a model."""
    if not isinstance(node, ast.Name):
        return isinstance(node, ast.Call)
    binding = facts.names.binding(node)
    made = binding is not None and binding.kind in ("assign", "unpack") and isinstance(binding.value, ast.Call)
    return node.id in GRADIENTS or made
