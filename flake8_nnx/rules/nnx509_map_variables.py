"""map_variables.

`nn.map_variables` changes the variables of a module before and after its call; in NNX they are values like others.

**What it flags.** `flax.linen.map_variables`, at the call or decorator.

**Why.** NNX has no such transform. `nnx.split` gives the variables of a module, and `nnx.merge` makes a module of the
changed ones, which is then called; the module itself keeps its weights.

**Caveats.** `trans_out_fn` writes back: assign to the variables after the call. Variables that the call changes, such
as batch statistics, change in the merged module alone; `nnx.update(module, …)` brings them back.

Source: API page `flax.linen.map_variables`; Flax guide "Model surgery".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.catalog.collections import variable_type
from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _lifted, _lifted_axes, _text
from flake8_nnx.rules._lifted import Lift
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX509",
    "map-variables",
    "`{call}`: {advice}",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import flax.linen as nn
import jax
import jax.numpy as jnp


class Causal(nn.Module):
    features: int

    def mask(self, variables):
        return variables if self.is_initializing() else jax.tree.map(jnp.triu, variables)

    def setup(self):
        dense = nn.map_variables(nn.Dense, "params", self.mask, init=self.is_initializing())
        self.dense = dense(self.features, use_bias=False)

    def __call__(self, x):
        return self.dense(x)
''',
            nnx='''
import jax
import jax.numpy as jnp
from flax import nnx


class Causal(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, features, use_bias=False, rngs=rngs)

    def mask(self, params):
        return jax.tree.map(jnp.triu, params)

    def __call__(self, x):
        graphdef, params = nnx.split(self.dense)
        return nnx.merge(graphdef, self.mask(params))(x)
''',
            also=("NNX102", "NNX103", "NNX104", "NNX110", "NNX207"),
            init="Causal(features=4)",
            args=("f32[2,4]",),
        ),
    ),
)


@RULE.on(ast.Module)
def check(_: ast.Module, facts: Facts) -> Iterator[Report]:
    """One finding per `nn.map_variables`."""
    for lift in _lifted.lifts(facts, "map_variables"):
        yield lift.place, {"call": _text.quote(lift.place), "advice": _advice(lift, facts)}


def _advice(lift: Lift, facts: Facts) -> str:
    run = _lifted.run_of(lift, facts)
    held = _lifted.held(run, facts, stack=False)
    before, after = lift.text("trans_in_fn"), lift.text("trans_out_fn")
    function = before if before is not None and len(before) <= _text.MAX_QUOTE else "trans_in_fn"
    names = _lifted_axes.collections(lift.given.get("mapped_collections"))
    kinds = [variable_type(name) for name in names if name.replace("_", "").isalnum() and name != "True"]
    filters = f", {kinds[0] if len(kinds) == 1 else 'nnx.Any(' + ', '.join(kinds) + ')'}, ..." if kinds else ""
    rest = ", rest" if filters else ""
    parts = []
    if lift.form == "class":
        parts.append(f"build `{_lifted.constructor(lift, run, facts)}` as it is")
    callee = f"({function})" if function.startswith("lambda") else function
    called = f"nnx.merge(graphdef, {callee}(variables){rest})" if before is not None else held
    if before is not None:
        parts.append(f"call `{called}` where `graphdef, variables{rest} = nnx.split({held}{filters})`")
    if after is not None:
        parts.append(f"assign what `{after if len(after) <= _text.MAX_QUOTE else 'trans_out_fn'}` gives to its variables")
    return "; ".join(parts) or "change the variables with `nnx.split` and `nnx.merge` around the call"
