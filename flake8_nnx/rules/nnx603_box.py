"""Boxes.

Linen keeps metadata in boxes around values, `nn.Partitioned` and `nn.LogicallyPartitioned`; NNX keeps it in variables.

**What it flags.** These classes, called or compared with, `flax.linen.unbox`, and the helpers for boxes in
`flax.core.meta`, at the call or name.

**Why.** A variable of NNX is an array with metadata, so nothing has to be unboxed: `variable[...]` is the array, and
`variable.out_sharding` holds the names.

**Caveats.** A box inside of an `nnx.Param` stays one. Trees of checkpoints written by Linen may hold boxes: unbox them
before they become a state.

Source: API pages `flax.linen.Partitioned` and `flax.nnx.Variable`; run on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _sharding, _text
from flake8_nnx.rules._sharding import Use
from flake8_nnx.source.linen import Facts

BOXES = ("Partitioned", "LogicallyPartitioned")
AXES = ("add_axis", "remove_axis")
NAMES = (*BOXES, "unbox", "replace_boxed", "is_axis_metadata", "map_axis_meta", *AXES)

RULE = Rule(
    "NNX603",
    "partitioning-box",
    "`{place}`: {advice}",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import flax.linen as nn


def plain(variables):
    return nn.unbox(variables)
''',
            nnx='''
from flax import nnx


def plain(model: nnx.Module):
    return nnx.to_pure_dict(nnx.state(model))
''',
        ),
        Example(
            linen='''
import flax.linen as nn


def names(leaf):
    return leaf.names if isinstance(leaf, nn.Partitioned) else None
''',
            nnx='''
from flax import nnx


def names(leaf):
    return leaf.get_metadata().get("out_sharding") if isinstance(leaf, nnx.Variable) else None
''',
        ),
    ),
)


@RULE.on(ast.Module)
def check(_: ast.Module, facts: Facts) -> Iterator[Report]:
    """One finding per box or helper."""
    for use in _sharding.uses(facts, *NAMES):
        yield use.place, {"place": _text.quote(use.place), "advice": _advice(use)}


def _advice(use: Use) -> str:
    name = use.helper.linen
    if name in BOXES:
        if use.call is None:
            return "the leaves of an NNX state are `nnx.Variable`, whose `out_sharding` holds the names"
        extra = [f"{'sharding_rules' if k == 'rules' else k}={use.text(k)}" for k in ("mesh", "rules") if k in use.given]
        code = ", ".join([use.text("value"), f"out_sharding={use.text('names')}", *extra])
        return f"becomes `nnx.Param({code})`"
    if name == "unbox":
        return "goes: there are no boxes in an NNX state, and `variable[...]` is the array"
    if name == "replace_boxed":
        return "becomes `nnx.update(model, updates)`, which keeps the metadata of the variables"
    if name in AXES:
        return "goes: `transform_metadata=` of `nnx.vmap` and `nnx.scan` names the new axis"
    return "goes: metadata is in the variables, `variable.get_metadata()`"
