"""Optimizer steps.

A `TrainState` returns a new state with every step; an `nnx.Optimizer` changes the model and itself.

**What it flags.** Calls of `apply_gradients` on a `TrainState`, known or told by `grads=`, at the call.

**Why.** `optimizer.update(model, grads)` updates the parameters of the model, the optimizer state and the step. There
is nothing to return and nothing to thread through the loop.

**Caveats.** The step belongs under `nnx.jit`: under `jax.jit` the update is lost. Extra arguments such as
`batch_stats=` go, the model has them already.

Source: Flax guide "Linen to NNX", section "Training step", and API page `flax.nnx.Optimizer`.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _text
from flake8_nnx.rules._linen_steps import steps
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX402",
    "apply-gradients",
    "`{call}` becomes `{code}`, in place",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
from flax.training.train_state import TrainState


def step(state: TrainState, grads):
    state = state.apply_gradients(grads=grads)
    return state
''',
            nnx='''
from flax import nnx


def step(model: nnx.Module, optimizer: nnx.Optimizer, grads):
    optimizer.update(model, grads)
''',
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per step."""
    if steps(call, facts):
        grads = next((k.value for k in call.keywords if k.arg == "grads"), None)
        code = f"optimizer.update(model, {_text.quote(grads) if grads is not None else 'grads'})"
        yield call, {"call": _text.quote(call), "code": code}
