"""Lifted remat.

`nn.remat` and `nn.checkpoint` take classes; `nnx.remat` takes functions and methods.

**What it flags.** `flax.linen.remat` and `flax.linen.checkpoint`, also `flax.linen.partitioning.remat`, around a class,
a function or a method, at the call or decorator.

**Why.** `nnx.remat(Block)` would rematerialise the construction of a block and save no memory (NNX806). The decorator
belongs on the method: `static_argnums` counts `self` in both. Where only some blocks are to be rematerialised, wrap a
function that takes the block.

**Caveats.** `variables=` and `rngs=` have no twin: a module is one argument. Inside of `nnx.scan` the function that is
scanned is rematerialised, and what was static is closed over.

Source: Flax guide "Transforms"; signatures of `flax.linen.remat` and `flax.nnx.remat` 0.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _lifted, _lifted_axes, _text
from flake8_nnx.rules._lifted import Lift
from flake8_nnx.source.linen import Facts

NAMES = ("remat", "checkpoint")
KEPT = ("static_argnums", "policy", "prevent_cse")

RULE = Rule(
    "NNX503",
    "lifted-remat",
    "`{remat}`: {advice}",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import flax.linen as nn


class Block(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x, train: bool):
        x = nn.Dense(self.features)(x)
        return nn.relu(x) if train else x


class Net(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x, train: bool):
        return nn.remat(Block, static_argnums=(2,))(self.features, name="block")(x, train)
''',
            nnx='''
from flax import nnx


class Block(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, features, rngs=rngs)

    @nnx.remat(static_argnums=(2,))
    def __call__(self, x, train: bool):
        x = self.dense(x)
        return nnx.relu(x) if train else x


class Net(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.block = Block(in_features, features, rngs=rngs)

    def __call__(self, x, train: bool):
        return self.block(x, train)
''',
            also=("NNX101", "NNX103", "NNX104", "NNX105", "NNX110", "NNX111"),
            init="Net(features=4)",
            args=("f32[2,3]",),
            kwargs={"train": False},
            train_kwargs={"train": True},
        ),
    ),
)


@RULE.on(ast.Module)
def check(_: ast.Module, facts: Facts) -> Iterator[Report]:
    """One finding per `nn.remat`."""
    for lift in _lifted.lifts(facts, *NAMES):
        yield lift.place, {"remat": _text.quote(lift.place), "advice": _advice(lift, facts)}


def _advice(lift: Lift, facts: Facts) -> str:
    kept = _lifted.options(lift, *KEPT)
    if _lifted.under_another(lift, facts):
        code = decorator([text for text in kept if not text.startswith("static_argnums")])
        parts = [f"put `{code}` on the function that calls {_lifted.target_name(lift, facts)} there"]
        if len(kept) > len(_lifted.options(lift, *KEPT[1:])):
            parts.append("close over its static arguments")
    elif lift.form == "value":
        parts = ["`nnx.remat` takes functions, not classes: decorate the method, or wrap a function that takes the module"]
    elif lift.form == "class":
        parts = [_on_class(lift, kept, facts)]
    elif lift.form == "method":
        parts = [f"becomes `{decorator(kept)}`"]
    else:
        options = "".join(f", {text}" for text in kept)
        parts = [f"becomes `nnx.remat({_lifted.target_name(lift, facts)}{options})`, whose first argument is the NNX module"]
    return "; ".join([*parts, *_lifted.dropped(lift)])


def _on_class(lift: Lift, kept: list[str], facts: Facts) -> str:
    """The decorator on the methods of a class of one's own; around a function for a layer of flax."""
    node = _lifted.unwrapped(lift.target, facts)
    if isinstance(node, ast.expr) and facts.linen_name(node) is not None:
        run = _lifted.run_of(lift, facts)
        around = ", ".join(["lambda layer, x: layer(x)", *kept])
        made, held = _lifted.constructor(lift, run, facts), _lifted.held(run, facts, stack=False)
        return f"build `{made}` and call it as `nnx.remat({around})({held}, x)`"
    methods = _lifted_axes.collections(lift.given.get("methods")) or ["__call__"]
    name = _lifted.target_name(lift, facts)
    some = f"nnx.remat({', '.join([f'{name}.{methods[0]}', *kept])})(module, …)"
    if any("self." in text for text in kept):
        return f"build `{name}` itself and call it as `{some}`"
    on = _text.listed([f"`{name}.{method}`" for method in methods])
    return f"build `{name}` itself and put `{decorator(kept)}` on {on}, or call it as `{some}` at some calls only"


def decorator(kept: list[str]) -> str:
    """`@nnx.remat`, with options where there are any."""
    return f"@nnx.remat({', '.join(kept)})" if kept else "@nnx.remat"
