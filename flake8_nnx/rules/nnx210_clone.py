"""Copies of modules.

Linen modules are copied with other fields, and without variables; an NNX model is copied with all it holds.

**What it flags.** Calls of `clone` and `copy` of a known Linen module, at the call.

**Why.** `nnx.clone(model)` copies structure and state.

**Caveats.** `clone(field=value)` makes a module with other settings: construct it, then `nnx.update(new,
nnx.state(model))`.

Source: API pages `flax.linen.Module.clone`, `flax.linen.Module.copy` and `flax.nnx.clone`.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _text
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX210",
    "clone",
    "`{call}`: {advice}",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import flax.linen as nn


def copied(model: nn.Module):
    return model.clone()
''',
            nnx='''
from flax import nnx


def copied(model: nnx.Module):
    return nnx.clone(model)
''',
        ),
    ),
)

PLAIN = "becomes `nnx.clone({model})`, with its state"
CHANGED = "construct a model with these arguments, then `nnx.update(new, nnx.state({model}))`"


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per call."""
    func = call.func
    if isinstance(func, ast.Attribute) and func.attr in ("clone", "copy") and facts.instance(func.value):
        advice = CHANGED if call.keywords else PLAIN
        yield call, {"call": _text.quote(call), "advice": advice.format(model=_text.quote(func.value))}
