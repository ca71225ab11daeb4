"""Captured intermediates.

Linen records the output of every method with `capture_intermediates`; NNX captures around the call.

**What it flags.** The `capture_intermediates=` argument of `apply` of a Linen module, at the argument.

**Why.** NNX calls take no such argument: `nnx.capture` wraps the model, one of its methods or a function of it, and
returns the output and what the methods gave.

**Caveats.** Names follow attributes, not Linen's module names. `nnx.capture` takes no filter: keep what you need of
what it returns.

Source: API page `flax.nnx.capture`.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _calls, _text
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.variables import ModelCall

RULE = Rule(
    "NNX314",
    "capture-intermediates",
    "`{keyword}` goes: {advice}",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import flax.linen as nn


def probe(model: nn.Module, variables, x):
    return model.apply(variables, x, capture_intermediates=True)
''',
            nnx='''
from flax import nnx


def probe(model: nnx.Module, x):
    return nnx.capture(model, nnx.Intermediate, method_outputs=nnx.Intermediate)(x)
''',
            also=("NNX310",),
        ),
    ),
)


@RULE.on(ast.keyword)
def check(node: ast.keyword, facts: Facts) -> Iterator[Report]:
    """One finding per `capture_intermediates=`."""
    found = _calls.keyword_of_call(node, facts, "capture_intermediates")
    if found is not None:
        yield node, {"keyword": _text.quote(node), "advice": _advice(node.value, *found, facts)}


def _advice(value: ast.expr, call: ast.Call, model: ModelCall, facts: Facts) -> str:
    if isinstance(value, ast.Constant) and not value.value:
        return "an NNX call captures nothing by itself"
    advice = f"`{_calls.captured(call, model, facts)}` returns the output and what the methods gave"
    return advice if isinstance(value, ast.Constant) else f"{advice}, of which `{_text.quote(value)}` picked some"
