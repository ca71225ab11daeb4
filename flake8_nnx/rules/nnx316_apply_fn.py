"""Calling through a TrainState.

A `TrainState` carries the model as `apply_fn` and its parameters apart; in NNX the model carries both.

**What it flags.** Calls of `state.apply_fn` on a known `TrainState`, or with arguments that only Linen takes, at the
call.

**Why.** The training step gets the model and an `nnx.Optimizer`, calls the model, and `optimizer.update(model,
grads)` changes it in place.

**Caveats.** The step belongs under `nnx.jit`; under `jax.jit` the updates are lost.

Source: Flax guide "Linen to NNX", section "Using TrainState in Flax NNX".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _calls, _text
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.variables import model_call

RULE = Rule(
    "NNX316",
    "apply-fn",
    "`{call}` becomes `{code}`: pass the model to the step",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
from flax.training.train_state import TrainState


def predict(state: TrainState, x):
    return state.apply_fn({"params": state.params}, x)
''',
            nnx='''
from flax import nnx


def predict(model: nnx.Module, x):
    return model(x)
''',
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per call of `apply_fn`."""
    found = model_call(call, facts, "apply_fn")
    if found is not None:
        yield call, {"call": _text.quote(call), "code": _calls.nnx_call(call, found, facts)}
