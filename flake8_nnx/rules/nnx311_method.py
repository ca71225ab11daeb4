"""Other methods than __call__.

Linen runs another method of a module by naming it to `apply`; in NNX it is called.

**What it flags.** The `method=` argument of `apply` and `init` of a Linen module, at the argument.

**Why.** `model.apply(variables, x, method='encode')` is `model.encode(x)`. A function or lambda gets the model as its
first argument.

**Caveats.** Layers that only one method uses are created by the constructor like all others, so `init(method=…)` has
no counterpart.

Source: Flax guide "Linen to NNX", section "Using multiple methods".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _calls, _text
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.literals import is_none

RULE = Rule(
    "NNX311",
    "apply-method",
    "`{keyword}` goes: {advice}",
    doc=__doc__,
    fix="safe",
    examples=(
        Example(
            linen='''
import flax.linen as nn


def encode(model: nn.Module, variables, x):
    return model.apply(variables, x, method="encode")
''',
            nnx='''
from flax import nnx


def encode(model: nnx.Module, x):
    return model.encode(x)
''',
            also=("NNX310",),
        ),
    ),
)


@RULE.on(ast.keyword)
def check(node: ast.keyword, facts: Facts) -> Iterator[Report]:
    """One finding per `method=`."""
    found = _calls.keyword_of_call(node, facts, "method")
    if found is None or is_none(node.value):
        return
    call, model = found
    init = model.kind in ("init", "lazy_init")
    advice = "the constructor creates the layers of every method" if init else f"call `{_calls.nnx_call(call, model, facts)}`"
    yield node, {"keyword": _text.quote(node), "advice": advice}
