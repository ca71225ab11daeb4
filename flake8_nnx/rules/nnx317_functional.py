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
from flake8_nnx.rules import _calls, _text
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.variables import FUNCTIONAL

RULE = Rule(
    "NNX317",
    "functional-apply",
    "`{call}` goes: {advice}",
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
        yield call, {"call": _text.quote(call), "advice": _advice(call, facts)}


def _advice(call: ast.Call, facts: Facts) -> str:
    """`function(model, x)` for `nn.apply(function, model)(variables, x)`."""
    function, model = [*map(_text.quote, call.args[:1]), "the function"][0], "model"
    if len(call.args) > 1:
        model = _calls.model_name(call.args[1], facts)
    used = facts.names.parent(call)
    ran = isinstance(used, ast.Call) and used.func is call and used.args and isinstance(call.func, (ast.Name, ast.Attribute))
    if not ran or not isinstance(used, ast.Call) or facts.linen_name(call.func) == "init" or " " in function:
        return f"call `{function}` with the NNX model itself"
    given = [*used.args[1:], *(k for k in used.keywords if k.arg != "rngs")]
    return f"call `{function}({', '.join([model, *map(_text.quote, given)])})` with the NNX model"
