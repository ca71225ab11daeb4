"""add_metadata_axis and fold_rngs.

Two helpers of lifted transforms: one changes the axis names of variables, the other one isolates random keys.

**What it flags.** `flax.linen.add_metadata_axis` and `flax.linen.fold_rngs`, at the call or decorator.

**Why.** `nnx.transform_metadata` adds the axis name to the variables that a function makes and takes it away from those
it is given. Random streams of NNX are objects: `rngs.fork()` gives a module its own.

**Caveats.** `nnx.vmap` and `nnx.scan` do the same for their axis with `transform_metadata=`.

Source: API pages `flax.nnx.transform_metadata` and `flax.nnx.Rngs.fork`.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _lifted, _lifted_axes, _text
from flake8_nnx.rules._lifted import Lift
from flake8_nnx.source.linen import LINEN, Facts

NAMES = ("add_metadata_axis", "fold_rngs")

RULE = Rule(
    "NNX510",
    "metadata-axis",
    "`{call}`: {advice}",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import flax.linen as nn

Layers = nn.add_metadata_axis(nn.Embed, {"params": 0}, {nn.PARTITION_NAME: "layers"})
''',
            nnx='''
from flax import nnx


@nnx.transform_metadata(in_axes=0, out_axes=0, partition="layers")
def create(rngs: nnx.Rngs):
    return nnx.Embed(3, 4, rngs=rngs)
''',
        ),
    ),
)


@RULE.on(ast.Module)
def check(_: ast.Module, facts: Facts) -> Iterator[Report]:
    """One finding per helper."""
    for lift in _lifted.lifts(facts, *NAMES):
        yield lift.place, {"call": _text.quote(lift.place), "advice": _advice(lift, facts)}


def _advice(lift: Lift, facts: Facts) -> str:
    if lift.transform.linen == "fold_rngs":
        return "goes: give the module its own streams, `rngs.fork()`, when it is built"
    found = _lifted_axes.layout(lift, facts)
    name = _partition(lift.given.get("metadata_params"), facts)
    axis = found.axis or "None"
    return (
        f"becomes `@nnx.transform_metadata(in_axes={axis}, out_axes={axis}, partition={name})` over the function that "
        "builds the module"
    )


def _partition(node: ast.expr | None, facts: Facts) -> str:
    """The name of the axis in `{nn.PARTITION_NAME: 'layers'}`."""
    keys = node.keys if isinstance(node, ast.Dict) else []
    for key, value in zip(keys, node.values if isinstance(node, ast.Dict) else []):
        named = isinstance(key, ast.Constant) and key.value == "partition_name"
        if named or facts.origin(key) in (f"{LINEN}PARTITION_NAME", f"{LINEN}meta.PARTITION_NAME"):
            return _text.quote(value)
    return "None"
