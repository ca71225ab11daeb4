"""Variables looked up by name.

Linen modules look variables up by collection and name; NNX modules have them as attributes.

**What it flags.** Calls of `has_variable`, `get_variable`, `put_variable`, `is_mutable_collection` and
`is_initializing` in a Linen module, at the call.

**Why.** NNX has none of these. A variable exists from the constructor on, is read as `self.name[...]` and written as
`self.name[...] = value`.

**Caveats.** `has_variable` is mostly asked to tell the first call from the others: create the variable in `__init__`
and delete the question.

Source: Flax guide "Linen to NNX", section "Collections and variable types".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _calls, _own, _text
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX207",
    "variable-access",
    "`{call}`: {advice}",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import flax.linen as nn


class Cached(nn.Module):
    @nn.compact
    def __call__(self, x):
        if self.has_variable("cache", "last"):
            return x + self.get_variable("cache", "last")
        return x
''',
            nnx='''
import jax.numpy as jnp
from flax import nnx


class Cached(nnx.Module):
    def __init__(self, features: int):
        self.last = nnx.Cache(jnp.zeros((features,)))

    def __call__(self, x):
        return x + self.last
''',
            also=("NNX101", "NNX103"),
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per look-up on `self`."""
    if not _own.own_call(call, facts, *ADVICE):
        return
    collection, name = _parameter(call, "col"), _parameter(call, "col", "name")
    written = collection.value if isinstance(collection, ast.Constant) and isinstance(collection.value, str) else None
    kind = _calls.type_advice(written) if written else "a subclass of `nnx.Variable`"
    module = _own.receiver(call)
    attribute = f"getattr({module}, {_text.quote(name or call)})"
    if isinstance(name, ast.Constant) and _text.is_attribute(name.value):
        attribute = f"{module}.{name.value!s}"
    value = _text.quote(call.args[2]) if len(call.args) > 2 else "value"
    assert isinstance(call.func, ast.Attribute)
    yield call, {"call": _text.quote(call), "advice": ADVICE[call.func.attr].format(name=attribute, type=kind, value=value)}


def _parameter(call: ast.Call, *names: str) -> ast.expr | None:
    """The value of the last of these leading parameters."""
    given = _own.arguments(call, *names)
    return given[-1] if given else None


ADVICE = {
    "has_variable": "create `{name}` of type {type} in `__init__`, then it is always there",
    "get_variable": "read `{name}[...]`, of type {type}",
    "put_variable": "write `{name}[...] = {value}`, of type {type}",
    "is_mutable_collection": "delete the question, variables of type {type} can always be written",
    "is_initializing": "delete the question, `__init__` creates the variables and no call is the first",
}
