"""Variables of other collections.

A Linen module makes a variable of any collection with `self.variable`; in NNX the collection is the type of the
variable.

**What it flags.** Calls of `self.variable` in a Linen module, at the call.

**Why.** NNX modules have no `variable` method. `batch_stats` are `nnx.BatchStat`, `cache` is `nnx.Cache`, and a
collection of your own is a subclass of `nnx.Variable`.

**Caveats.** Linen runs the call once during `init`, so a counter starts at one there and at zero in NNX. The value is
read and written through `[...]`.

Source: Flax guide "Linen to NNX", section "Collections and variable types".
"""
from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.catalog.collections import variable_type
from flake8_nnx.rules import _calls, _own, _text
from flake8_nnx.rules._initial import argument, ignores_arguments, note
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX202",
    "self-variable",
    "`{call}` becomes `{code}` in `__init__`, of type {type}{note}",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import flax.linen as nn
import jax.numpy as jnp


class Count(nn.Module):
    @nn.compact
    def __call__(self, x):
        count = self.variable("counter", "count", lambda: jnp.zeros(()))
        count.value += 1
        return x
''',
            nnx='''
import jax.numpy as jnp
from flax import nnx


class Counter(nnx.Variable):
    pass


class Count(nnx.Module):
    def __init__(self):
        self.count = Counter(jnp.zeros(()))

    def __call__(self, x):
        self.count[...] += 1
        return x
''',
            also=("NNX101", "NNX103"),
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per `self.variable(…)`."""
    given = _own.arguments(call, *PARAMETERS) if _own.own_call(call, facts, "variable") else None
    if given is None:
        return
    collection, name = given
    if isinstance(collection, ast.Constant) and isinstance(collection.value, str):
        kind, advice = variable_type(collection.value), _calls.type_advice(collection.value)
    else:
        kind, advice = "nnx.Variable", "a subclass of `nnx.Variable` for each collection"
    code = _own.attribute(name, f"{kind}({_value(call, facts)})")
    values = [node.value if isinstance(node, ast.keyword) else node for node in _own.others(call, *PARAMETERS, "init_fn")]
    yield call, {"call": _text.quote(call), "code": code, "type": advice, "note": note(call, values, facts)}


PARAMETERS = ("col", "name")


def _value(call: ast.Call, facts: Facts) -> str:
    """The initial value: what the function would return."""
    given = _own.arguments(call, *PARAMETERS, "init_fn")
    if given is None:
        return "..."
    function, rest = given[2], _own.others(call, *PARAMETERS, "init_fn")
    if isinstance(function, ast.Lambda) and ignores_arguments(function):
        return _source(call, function.body, facts)
    made = _source(call, function, facts)
    callee = f"({made})" if isinstance(function, ast.Lambda) else made
    return f"{callee}({', '.join(_source(call, node, facts) for node in rest)})"


def _source(call: ast.Call, node: ast.expr | ast.keyword, facts: Facts) -> str:
    """Source with the keys that `__init__` has: `rngs.params()` for `self.make_rng('params')`."""
    return re.sub(r"self\.make_rng\('(\w+)'\)", r"rngs.\1()", argument(call, node, facts))
