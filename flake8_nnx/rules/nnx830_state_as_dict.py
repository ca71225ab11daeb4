"""An NNX state given to a function that takes dictionaries.

`nnx.State` is a mapping, but no `dict`: helpers of Flax for dictionaries of parameters refuse it.

**What it flags.** `flatten_dict`, `path_aware_map` and `ModelParamTraversal` of `flax.traverse_util`, and `to_bytes` and
`msgpack_serialize` of `flax.serialization`, given what `nnx.state` returned, at the call.

**Why.** They raise an AssertionError or a TypeError, often only when the first checkpoint is written or the optimizer
is made.

**Caveats.** `nnx.to_pure_dict(state)` is a plain dictionary of arrays, and `nnx.to_flat_state(state)` lists paths and
variables.

Source: established by running it on flax 0.12.8.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules._state import is_state
from flake8_nnx.rules._text import quote
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

TAKERS = {
    "flax.traverse_util.flatten_dict": 0,
    "flax.traverse_util.path_aware_map": 1,
    "flax.serialization.to_bytes": 0,
    "flax.serialization.msgpack_serialize": 0,
}

RULE = Rule(
    "NNX830",
    "state-as-dict",
    "`{call}` refuses an `nnx.State`: give it `nnx.to_pure_dict({state})`",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
from flax import nnx, serialization


def saved(model):
    return serialization.to_bytes(nnx.state(model, nnx.Param))
''',
            nnx='''
from flax import nnx, serialization


def saved(model):
    return serialization.to_bytes(nnx.to_pure_dict(nnx.state(model, nnx.Param)))
''',
        ),
        Example(
            linen='''
from flax import nnx, traverse_util


def decayed(model):
    params = nnx.state(model, nnx.Param)
    return traverse_util.path_aware_map(lambda path, _: path[-1] == "kernel", params)
''',
            nnx='''
from flax import nnx, traverse_util


def decayed(model):
    params = nnx.state(model, nnx.Param)
    return traverse_util.path_aware_map(lambda path, _: path[-1] == "kernel", nnx.to_pure_dict(params))
''',
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per call."""
    place = TAKERS.get(facts.origin(call.func) or "")
    if place is None or not nnx.present(facts) or len(call.args) <= place:
        return
    if is_state(call.args[place], facts):
        yield call, {"call": quote(call), "state": quote(call.args[place])}
