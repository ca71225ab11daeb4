"""Partition specs.

Linen derives specs from a tree of boxes and translates logical names in a second step; NNX does both from a state.

**What it flags.** `get_partition_spec`, `get_sharding`, `logical_to_mesh`, `logical_to_mesh_axes` and
`logical_to_mesh_sharding` of `flax.linen`, at the call or name.

**Why.** `nnx.get_partition_spec` and `nnx.get_named_sharding` take the state of a model and apply the rules of
`nnx.logical_axis_rules` at once. `flax.core.spmd.get_pspec` translates the names of a single array.

**Caveats.** The results are trees of variables that hold specs, as `jax.jit` and `jax.device_put` take them for a
state. A name without a rule stays, where Linen gives None.

Source: API pages `flax.nnx.get_partition_spec` and `flax.nnx.get_named_sharding`; run on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _sharding, _text
from flake8_nnx.rules._sharding import Use
from flake8_nnx.source.linen import Facts

NAMES = ("get_partition_spec", "get_sharding", "logical_to_mesh", "logical_to_mesh_axes", "logical_to_mesh_sharding")

RULE = Rule(
    "NNX605",
    "partition-spec",
    "`{call}` becomes {advice}",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import flax.linen as nn


def shardings(variables, mesh, rules):
    specs = nn.get_partition_spec(variables)
    return nn.logical_to_mesh_sharding(specs, mesh, rules)
''',
            nnx='''
from flax import nnx


def shardings(model: nnx.Module, mesh, rules):
    with nnx.logical_axis_rules(rules):
        return nnx.get_named_sharding(nnx.state(model), mesh)
''',
        ),
    ),
)


@RULE.on(ast.Module)
def check(_: ast.Module, facts: Facts) -> Iterator[Report]:
    """One finding per helper."""
    for use in _sharding.uses(facts, *NAMES):
        yield use.place, {"call": _text.quote(use.place), "advice": _advice(use)}


def _advice(use: Use) -> str:
    name = use.helper.linen
    rules = f" under `nnx.logical_axis_rules({use.text('rules')})`" if "rules" in use.given else ""
    if name == "logical_to_mesh_axes":
        given = ", ".join(use.text(key) for key in ("array_dim_names", "rules") if key in use.given) or "names"
        return f"`flax.core.spmd.get_pspec({given})`"
    if name == "get_partition_spec":
        return "`nnx.get_partition_spec(nnx.state(model))`, which applies the rules of `nnx.logical_axis_rules`"
    if name == "logical_to_mesh":
        return f"nothing: `nnx.get_partition_spec(nnx.state(model))`{rules} gives mesh axes already"
    return f"`nnx.get_named_sharding(nnx.state(model), {use.text('mesh', 'mesh')})`{rules}"
