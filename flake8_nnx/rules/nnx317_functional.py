"""init and apply of functions.

`nn.init`, `nn.init_with_output` and `nn.apply` turn a function of a Linen module into pure functions; NNX functions
take the model.

**What it flags.** Calls of `flax.linen.init`, `flax.linen.init_with_output` and `flax.linen.apply`, at the call.

**Why.** A function of a model is called with the model. There is nothing to bind and nothing to initialise.

**Caveats.** Where a pure function is needed, use `nnx.split` outside and `nnx.merge` inside it.

Source: API page `flax.linen.apply`.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _text
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.variables import FUNCTIONAL

RULE = Rule(
    "NNX317",
    "functional-apply",
    "`{call}` goes: call `{function}` with the NNX model itself",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import flax.linen as nn


def run(function, model: nn.Module, variables, x):
    return nn.apply(function, model)(variables, x)
''',
            nnx='''
from flax import nnx


def run(function, model: nnx.Module, x):
    return function(model, x)
''',
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per `nn.apply(function, module)`."""
    if facts.origin(call.func) in FUNCTIONAL:
        function = _text.quote(call.args[0]) if call.args else "the function"
        yield call, {"call": _text.quote(call), "function": function}
