"""Summaries.

Linen tabulates an uninitialised module for a key; NNX tabulates a model that exists.

**What it flags.** Calls of `flax.linen.tabulate` and of `tabulate` of a Linen module, at the call.

**Why.** `nnx.tabulate(model, x)` takes the model and its inputs, no key, and returns the text.

**Caveats.** `mutable=`, `show_repeated=` and `exclude_methods=` have no twin; `method=` names one of the model.

Source: API pages `flax.linen.tabulate` and `flax.nnx.tabulate`.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _text
from flake8_nnx.source.linen import LINEN, Facts

RULE = Rule(
    "NNX706",
    "tabulate",
    "`{call}` becomes `{code}`",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import flax.linen as nn
import jax


def show(model: nn.Module, x):
    return model.tabulate(jax.random.key(0), x)
''',
            nnx='''
from flax import nnx


def show(model: nnx.Module, x):
    return nnx.tabulate(model, x)
''',
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per summary."""
    if facts.origin(call.func) == LINEN + "tabulate":
        model = _text.quote(call.args[0]) if call.args else "model"
        yield call, {"call": _text.quote(call), "code": f"nnx.tabulate({model}, …)"}
    elif isinstance(call.func, ast.Attribute) and call.func.attr == "tabulate" and facts.instance(call.func.value):
        arguments = ", ".join(_text.quote(argument) for argument in call.args[1:]) or "…"
        yield call, {"call": _text.quote(call), "code": f"nnx.tabulate({_text.quote(call.func.value)}, {arguments})"}
