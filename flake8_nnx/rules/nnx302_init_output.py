"""Initialisation with an output.

`init_with_output` runs a Linen module once to make its variables and returns the output too; in NNX construction and
call are two steps.

**What it flags.** Calls of `init_with_output` on a Linen module, at the call.

**Why.** An NNX model is constructed first and called after: `model = Model(..., rngs=nnx.Rngs(0))`, then `y =
model(x)`.

**Caveats.** In Linen the first call already updates state such as batch statistics; in NNX the constructor does not.

Source: Flax guide "Linen to NNX", section "Variable creation".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _calls, _text
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.variables import model_call

RULE = Rule(
    "NNX302",
    "init-with-output",
    "`{call}` becomes `{code}`, then `{use}`",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import flax.linen as nn


def create(model: nn.Module, key, x):
    return model.init_with_output(key, x)
''',
            nnx='''
from flax import nnx


def create(model: nnx.Module, x):
    return model(x), nnx.state(model)
''',
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per call of a Linen module's `init_with_output`."""
    found = model_call(call, facts, "init_with_output")
    if found is not None:
        code, use = _calls.constructor(call, found, facts), _calls.nnx_call(call, found, facts)
        yield call, {"call": _text.quote(call), "code": code, "use": use}
