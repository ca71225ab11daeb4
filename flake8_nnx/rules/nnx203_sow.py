"""Sown values.

Linen's `sow` stores a value when its collection is mutable and does nothing otherwise; NNX stores at every call.

**What it flags.** Calls of `self.sow` in a Linen module, at the call.

**Why.** NNX names the type instead of the collection: `self.sow(nnx.Intermediate, 'h', x)`. A string is taken for a
type of that name, which is not `nnx.Intermediate`.

**Caveats.** Collect values with `y, sown = nnx.capture(model, nnx.Intermediate)(x)`. Outside of `nnx.capture` they
accumulate from call to call until `nnx.pop(model, nnx.Intermediate)`, and flax 0.12.12 warns.

Source: Flax guide "Linen to NNX", section "Collections and variable types".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.catalog.collections import COLLECTIONS, variable_type
from flake8_nnx.rules import _own, _text
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX203",
    "sow",
    "`{call}` becomes `{code}`{made}; collect it with `nnx.capture(model, {type})`, it accumulates otherwise",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import flax.linen as nn


class Probe(nn.Module):
    @nn.compact
    def __call__(self, x):
        self.sow("intermediates", "x", x)
        return x
''',
            nnx='''
from flax import nnx


class Probe(nnx.Module):
    def __call__(self, x):
        self.sow(nnx.Intermediate, "x", x)
        return x
''',
            also=("NNX101", "NNX103"),
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per `self.sow(…)`."""
    given = _own.arguments(call, "col") if _own.own_call(call, facts, "sow") else None
    if given is None:
        return
    first = given[0]
    written = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else "intermediates"
    kind = variable_type(written)
    rest = [_text.quote(a) for a in [*call.args[1:], *(k for k in call.keywords if k.arg != "col")]]
    start = kind if call.args else f"variable_type={kind}"
    yield call, {
        "call": _text.quote(call),
        "code": f"{_own.receiver(call)}.sow({', '.join([start, *rest])})",
        "type": kind,
        "made": "" if written in COLLECTIONS else f" (write `class {kind}(nnx.Variable): pass`)",
    }
