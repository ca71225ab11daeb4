"""Rules for logical axes.

The rules that map logical axes to mesh axes live outside of Linen.

**What it flags.** `set_logical_axis_rules` and `get_logical_axis_rules` of `flax.linen`, and the names of
`flax.linen.partitioning` for them, at the call or name. `nn.logical_axis_rules` is `nnx.logical_axis_rules`, the same
object, and stays.

**Why.** flax.nnx has the context manager alone; the other two are in `flax.core.spmd`. Both read the same rules, so a
half-migrated program may set them with either.

**Caveats.** Of several rules for one name NNX takes the last, Linen the first whose mesh axis is free.

Source: API page `flax.nnx.logical_axis_rules`; `flax.core.spmd` 0.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _sharding, _text
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX604",
    "axis-rules",
    "`{place}` becomes {advice}",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import flax.linen as nn

nn.set_logical_axis_rules((("batch", "data"), ("embed", "model")))
''',
            nnx='''
from flax import nnx


def run(step, batch):
    with nnx.logical_axis_rules((("batch", "data"), ("embed", "model"))):
        return step(batch)
''',
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per name that moved."""
    if facts.origin(call.func) == "flax.linen.partitioning.axis_rules":
        yield call, {"place": _text.quote(call), "advice": "`nnx.logical_axis_rules`, the same context manager"}


@RULE.on(ast.Module)
def helpers(_: ast.Module, facts: Facts) -> Iterator[Report]:
    """One finding per helper that reads or sets the rules."""
    for use in _sharding.uses(facts, "set_logical_axis_rules", "get_logical_axis_rules"):
        yield use.place, {"place": _text.quote(use.place), "advice": f"`{use.helper.nnx}`, the same function{_context(use)}"}


def _context(use: _sharding.Use) -> str:
    if use.helper.linen.startswith("get") or use.call is None:
        return ""
    return f", or `with nnx.logical_axis_rules({use.text('rules')}):`"
