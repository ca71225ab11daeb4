"""Initialisation from shapes.

`lazy_init` makes Linen variables from abstract inputs; an NNX constructor needs no inputs at all.

**What it flags.** Calls of `lazy_init` on a Linen module, at the call. `nnx.bridge.ToNNX(…).lazy_init` is left alone.

**Why.** Sizes are constructor arguments in NNX, so nothing is traced to find them.

**Caveats.** To make a large model directly on its devices, construct it inside `nnx.jit`.

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
    "NNX303",
    "lazy-init",
    "`{call}` goes: `{code}` creates the variables without an input",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import flax.linen as nn


def create(model: nn.Module, key, x):
    return model.lazy_init(key, x)
''',
            nnx='''
from flax import nnx


def create(model: nnx.Module, x):
    return nnx.state(model)
''',
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per call of a Linen module's `lazy_init`."""
    found = model_call(call, facts, "lazy_init")
    if found is not None:
        yield call, {"call": _text.quote(call), "code": _calls.constructor(call, found, facts)}
