"""Logical constraints.

`nn.with_logical_constraint` shards an intermediate value by logical names; NNX leaves that to jax.

**What it flags.** `flax.linen.with_logical_constraint`, also as `flax.linen.partitioning.with_sharding_constraint`, at
the call or name.

**Why.** NNX has no such function. `jax.lax.with_sharding_constraint` takes mesh axes; `flax.core.spmd.get_pspec`
translates logical names by the rules of `nnx.logical_axis_rules`.

**Caveats.** Linen's helper works on arrays of NNX modules as well, so it may be the last to go. It does nothing without
rules or mesh, where jax raises, and it replicates along a name without a rule.

Source: Flax guide "Scale up on multiple devices"; run on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _sharding, _text
from flake8_nnx.rules._sharding import Use
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.literals import is_none

RULE = Rule(
    "NNX602",
    "logical-constraint",
    "`{call}` becomes {advice}",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import flax.linen as nn


class Block(nn.Module):
    def setup(self):
        self.dense = nn.Dense(4)

    def __call__(self, x):
        return nn.with_logical_constraint(self.dense(x), ("batch", "embed"))
''',
            nnx='''
import jax
from flax import nnx
from flax.core.spmd import get_pspec


class Block(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 4, rngs=rngs)

    def __call__(self, x):
        return jax.lax.with_sharding_constraint(self.dense(x), get_pspec(("batch", "embed")))
''',
            also=("NNX102", "NNX103", "NNX110"),
        ),
    ),
)


@RULE.on(ast.Module)
def check(_: ast.Module, facts: Facts) -> Iterator[Report]:
    """One finding per constraint."""
    for use in _sharding.uses(facts, "with_logical_constraint"):
        yield use.place, {"call": _text.quote(use.place), "advice": _advice(use)}


def _advice(use: Use) -> str:
    if use.call is None:
        return "a function that calls `jax.lax.with_sharding_constraint` with `flax.core.spmd.get_pspec(names)`"
    names = use.given.get("logical_axis_resources")
    if is_none(names):
        return f"`{use.text('x')}`, since None constrains nothing"
    spec = ", ".join([use.text("logical_axis_resources"), *([use.text("rules")] if "rules" in use.given else [])])
    where = f"flax.core.spmd.get_pspec({spec})"
    if "mesh" in use.given:
        where = f"jax.sharding.NamedSharding({use.text('mesh')}, {where})"
    return f"`jax.lax.with_sharding_constraint({use.text('x')}, {where})`, with a mesh and a rule for every name"
