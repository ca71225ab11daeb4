"""Calling a model.

A Linen module is called through `apply` with its variables; an NNX model is called.

**What it flags.** Calls of `apply`, `bind` and `unbind` on a Linen module, and calls of any `apply` whose arguments only Linen
takes (`{'params': p}` first, `rngs={'dropout': key}`, `mutable=['batch_stats']`, `method=Model.encode`), at the call.

**Why.** The variables are inside the model, so the first argument goes; `method`, `mutable`, `rngs` and
`capture_intermediates` go too, and have findings of their own.

**Caveats.** A call changes the model's state (batch statistics, random counters) in place, so it belongs under
`nnx.jit`, not `jax.jit`. Where Linen code applies one module to several sets of parameters (a target network, an
average), each set is a model: `nnx.clone`.

Source: Flax guide "Linen to NNX", section "Training step and compilation".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _calls, _text
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.clues import is_variables
from flake8_nnx.source.variables import model_call

RULE = Rule(
    "NNX310",
    "apply",
    "`{call}` becomes `{code}`{after}",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import flax.linen as nn


def predict(model: nn.Module, params, x):
    return model.apply({"params": params}, x)
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
    """One finding per call of a Linen module's `apply`."""
    found = model_call(call, facts, "apply", "bind", "unbind")
    if found is not None:
        fields = {"call": _text.quote(call), "code": _calls.nnx_call(call, found, facts)}
        yield call, {**fields, "after": _after(call, _calls.called(found, facts))}


def _after(call: ast.Call, model: str) -> str:
    """`apply({'params': {'kernel': shared}}, x)` gives a layer the parameters of another one: they are set first."""
    first = call.args[0] if call.args else None
    if not isinstance(first, ast.Dict) or len(first.values) != 1 or not is_variables(first):
        return ""
    params = first.values[0]
    if not isinstance(params, ast.Dict) or not params.keys or any(isinstance(v, ast.Dict) for v in params.values):
        return ""
    return f" after `nnx.update({model}, {_text.quote(params)})`"
