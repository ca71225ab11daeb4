"""init and apply as functions.

Linen code hands `model.init` and `model.apply` around as pure functions; in NNX the model itself is the function.

**What it flags.** `model.init`, `model.apply` and their kin as values: in `jax.jit(model.init)`,
`jax.eval_shape(model.init, …)`, `partial(model.apply, …)` and `apply_fn=model.apply`, and `state.apply_fn` of a known
`TrainState`, at the attribute.

**Why.** `nnx.jit`, `nnx.eval_shape`, `nnx.grad` and `nnx.Optimizer` take models; nothing needs a pure function and a
dictionary.

**Caveats.** Where a pure function is required, `graphdef, state = nnx.split(model)` and `nnx.merge(graphdef, state)`
make one.

Source: Flax guide "Linen to NNX", section "Training step and compilation".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _text
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.variables import is_model_function

RULE = Rule(
    "NNX304",
    "method-as-function",
    "`{code}` as a function: {advice}",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import flax.linen as nn
import jax


def compile_init(model: nn.Module, key, x):
    return jax.jit(model.init)(key, x)
''',
            nnx='''
from flax import nnx


def compile_call(model: nnx.Module, x):
    return nnx.jit(lambda m, x: m(x))(model, x)
''',
        ),
    ),
)


@RULE.on(ast.Attribute)
def check(node: ast.Attribute, facts: Facts) -> Iterator[Report]:
    """One finding per `model.init` or `model.apply` that is not called on the spot."""
    above = facts.names.parent(node) if node.attr in ADVICE and isinstance(node.ctx, ast.Load) else None
    if above is None or (isinstance(above, ast.Call) and above.func is node):
        return
    if is_model_function(node, facts):
        yield node, {"code": _text.quote(node), "advice": ADVICE[node.attr]}


INIT = "construct the model under `nnx.jit` or `nnx.eval_shape` instead"
ADVICE = {
    "init": INIT,
    "init_with_output": INIT,
    "lazy_init": INIT,
    "apply": "pass the model itself and call it; `nnx.split` and `nnx.merge` give a pure function where one is needed",
    "apply_fn": "pass the model itself and call it",
}
