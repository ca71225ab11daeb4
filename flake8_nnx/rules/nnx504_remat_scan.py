"""remat_scan.

`nn.remat_scan` nests scans, each of them rematerialised; in NNX they are written one within the other.

**What it flags.** `flax.linen.remat_scan`, at the call or decorator.

**Why.** NNX has no such function. `@nnx.remat` above `@nnx.scan`, once for each of the lengths, computes the same with
the same memory, over modules that `nnx.split_rngs` and `nnx.vmap` have built with as many leading axes.

**Caveats.** Linen stacks the parameters of several lengths on as many axes, as do nested `nnx.vmap`.

Source: Flax guides "Transforms" and "Linen to NNX", section "Scan over layers"; run on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _lifted, _lifted_axes, _text
from flake8_nnx.rules._lifted import Lift
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX504",
    "remat-scan",
    "`{scan}`: {advice}",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import flax.linen as nn


class Deep(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        return nn.remat_scan(nn.Dense, lengths=(2, 3))(self.features, name="stack")(x)
''',
            nnx='''
from flax import nnx


class Deep(nnx.Module):
    def __init__(self, features: int, *, rngs: nnx.Rngs):
        @nnx.split_rngs(splits=(2, 3))
        @nnx.vmap(in_axes=0, out_axes=0)
        @nnx.vmap(in_axes=0, out_axes=0)
        def create(rngs: nnx.Rngs):
            return nnx.Linear(features, features, rngs=rngs)

        self.stack = create(rngs)

    def __call__(self, x):
        @nnx.remat
        @nnx.scan(in_axes=(nnx.Carry, 0), out_axes=nnx.Carry)
        @nnx.remat
        @nnx.scan(in_axes=(nnx.Carry, 0), out_axes=nnx.Carry)
        def forward(x, layer):
            return layer(x)

        return forward(x, self.stack)
''',
            also=("NNX101", "NNX103", "NNX104", "NNX105", "NNX110"),
            init="Deep(features=4)",
            args=("f32[2,4]",),
        ),
    ),
)


@RULE.on(ast.Module)
def check(_: ast.Module, facts: Facts) -> Iterator[Report]:
    """One finding per `nn.remat_scan`."""
    for lift in _lifted.lifts(facts, "remat_scan"):
        yield lift.place, {"scan": _text.quote(lift.place), "advice": _advice(lift, facts)}


def _advice(lift: Lift, facts: Facts) -> str:
    lengths = lift.given.get("lengths")
    levels = len(lengths.elts) if isinstance(lengths, (ast.Tuple, ast.List)) else 0
    remat = "@nnx.remat" if lift.text("policy") in (None, "None") else f"@nnx.remat(policy={lift.text('policy')})"
    pair = f"`{remat} @nnx.scan(in_axes=(nnx.Carry, 0), out_axes=nnx.Carry)`"
    if lift.form != "class" or lengths is None:
        return f"write {pair} once for each of the lengths, over a stack of modules"
    number = _lifted.in_init(lengths if levels != 1 else lengths.elts[0], facts)  # type: ignore[attr-defined]
    run = _lifted.run_of(lift, facts)
    each = "once for each of them" if not levels else "once" if levels == 1 else f"{levels} times, nested"
    parts = [
        f"build `{_lifted.constructor(lift, run, facts)}` with `@nnx.split_rngs(splits={number})` over "
        f"`@nnx.vmap(in_axes=0, out_axes=0)`, run with {pair}, both {each}"
    ]
    shared = _lifted_axes.collections(lift.given.get("variable_broadcast"))
    shared += _lifted_axes.collections(lift.given.get("variable_carry"))
    if shared:
        names = _text.listed([f"`{name}`" for name in shared])
        parts.append(f"put {names} into a module of its own, which the carry takes along")
    return "; ".join(parts)
