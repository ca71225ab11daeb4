"""Bytes of variables.

`flax.serialization` writes dictionaries of Linen variables and train states; NNX states are written by Orbax or as
pure dictionaries.

**What it flags.** Calls of `to_bytes`, `from_bytes`, `to_state_dict` and `from_state_dict` of `flax.serialization`
with Linen variables or a `TrainState`, at the call.

**Why.** `nnx.to_pure_dict(nnx.state(model))` is a dictionary of arrays that these functions take too;
`nnx.replace_by_pure_dict` is the way back, and Orbax writes the state as it is.

**Caveats.** Files written by Linen code have Linen's paths. They are read through the variable map of the migration.

Source: Flax guide "Save and load checkpoints" and API page `flax.serialization`.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _text
from flake8_nnx.source.clues import train_state
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.variables import tree_of

RULE = Rule(
    "NNX704",
    "serialization",
    "`{call}`: {advice}",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import flax.linen as nn
from flax import serialization


def saved(model: nn.Module, key, x):
    variables = model.init(key, x)
    return serialization.to_bytes(variables)
''',
            nnx='''
from flax import nnx, serialization


def saved(model: nnx.Module):
    return serialization.to_bytes(nnx.to_pure_dict(nnx.state(model)))
''',
            also=("NNX301",),
        ),
    ),
)

MODULE = "flax.serialization."
PURE = "`nnx.to_pure_dict(nnx.state(model))`"
ADVICE = {
    "to_bytes": f"give it {PURE}, or save the state with Orbax",
    "to_state_dict": f"{PURE} is the dictionary",
    "from_bytes": f"read into {PURE}, then `nnx.replace_by_pure_dict(state, restored)` and `nnx.update(model, state)`",
    "from_state_dict": "`nnx.replace_by_pure_dict(state, restored)` and `nnx.update(model, state)`",
}


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per call on what is known to be Linen variables or a train state."""
    origin = facts.origin(call.func) or ""
    advice = ADVICE.get(origin.removeprefix(MODULE)) if origin.startswith(MODULE) else None
    if advice and any(tree_of(argument, facts) or train_state(argument, facts) for argument in call.args):
        yield call, {"call": _text.quote(call), "advice": advice}
