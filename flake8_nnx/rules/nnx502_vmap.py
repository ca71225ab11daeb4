"""Lifted vmap.

Linen's `nn.vmap` makes and maps copies of a module at once; in NNX one `nnx.vmap` makes them, another one maps them.

**What it flags.** `flax.linen.vmap` around a class, a function or a method, also through `functools.partial`, at the
call or decorator.

**Why.** `nnx.vmap` is close to `jax.vmap`: the module is the first input and has an axis of its own. Where
`variable_axes` gives the parameters an axis, a constructor under `nnx.vmap` builds the copies from split streams.
Where it is None, there is one module with the axis None.

**Caveats.** A module with the axis None uses the same dropout mask for every input; split an `nnx.Rngs` of the call
instead. NNX has one axis for all variables of a module. Keyword arguments are mapped too, so close over flags.

Source: Flax guides "Transforms" and "Linen to NNX"; run on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _lifted, _lifted_axes, _text
from flake8_nnx.rules._lifted import Lift, Run
from flake8_nnx.rules._lifted_axes import Layout
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX502",
    "lifted-vmap",
    "`{vmap}`: {advice}",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import flax.linen as nn


class Critic(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        x = nn.relu(nn.Dense(self.features)(x))
        x = nn.Dense(1)(x)
        return x


class Critics(nn.Module):
    features: int
    number: int

    @nn.compact
    def __call__(self, x):
        critics = nn.vmap(
            Critic,
            variable_axes={"params": 0},
            split_rngs={"params": True},
            in_axes=None,
            out_axes=0,
            axis_size=self.number,
        )
        return critics(self.features, name="critics")(x)
''',
            nnx='''
from flax import nnx


class Critic(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, features, rngs=rngs)
        self.dense_1 = nnx.Linear(features, 1, rngs=rngs)

    def __call__(self, x):
        x = nnx.relu(self.dense(x))
        x = self.dense_1(x)
        return x


class Critics(nnx.Module):
    def __init__(self, in_features: int, features: int, number: int, *, rngs: nnx.Rngs):
        @nnx.split_rngs(splits=number)
        @nnx.vmap(in_axes=0, out_axes=0)
        def create(rngs: nnx.Rngs):
            return Critic(in_features, features, rngs=rngs)

        self.critics = create(rngs)

    def __call__(self, x):
        @nnx.vmap(in_axes=(0, None), out_axes=0)
        def forward(critic, x):
            return critic(x)

        return forward(self.critics, x)
''',
            also=("NNX101", "NNX103", "NNX104", "NNX105", "NNX110", "NNX111"),
            init="Critics(features=8, number=3)",
            args=("f32[2,3]",),
        ),
    ),
)


@RULE.on(ast.Module)
def check(_: ast.Module, facts: Facts) -> Iterator[Report]:
    """One finding per `nn.vmap`."""
    for lift in _lifted.lifts(facts, "vmap"):
        yield lift.place, {"vmap": _text.quote(lift.place), "advice": _advice(lift, facts)}


def _advice(lift: Lift, facts: Facts) -> str:
    lift = _lifted.per_method(lift)
    found, run = _lifted_axes.layout(lift, facts), _lifted.run_of(lift, facts)
    if lift.form == "value" or not _lifted_axes.readable(lift):
        return (
            "`nnx.vmap` takes functions: build the modules first, then map a function that calls them, with an axis "
            f"for the module before those of the inputs{_lifted_axes.unread(lift)}"
        )
    axes, every = _lifted_axes.input_axes(
        lift.given.get("in_axes"), None if run.inputs is None else len(run.inputs), facts
    )
    parts = [_stacked(lift, found, run, axes, facts) if found.axis is not None else _shared(lift, found, run, axes, facts)]
    if every:
        parts.append(f"with {axes[0]} for each further input")
    if found.shared:
        names = _text.listed([f"`{name}`" for name in found.shared])
        parts.append(f"put {names} into a module of its own with the axis None")
    return "; ".join([*parts, *_lifted_axes.notes(lift, found, run), *_lifted.dropped(lift)])


def _stacked(lift: Lift, found: Layout, run: Run, axes: list[str], facts: Facts) -> str:
    """Two steps: build the copies, map them."""
    number, notes = _lifted_axes.splits(lift, "axis_size", axes, facts)
    extra = _lifted_axes.metadata(lift)
    held = _lifted.held(run, facts, stack=True)
    built = f"`{held}`" if lift.form == "class" and run.made is not None else "the modules"
    made = f"of `{_lifted.constructor(lift, run, facts)}`" if lift.form == "class" else "of the constructor"
    under = f"`@nnx.split_rngs(splits={number})` over `@nnx.vmap(in_axes=0, out_axes={found.axis}{extra})`"
    build = f"build {built} with {under} {made}"
    return "; ".join([f"{build}, run with {_mapped(lift, str(found.axis), axes, held, run, facts)}", *notes])


def _shared(lift: Lift, found: Layout, run: Run, axes: list[str], facts: Facts) -> str:
    """One module for all inputs."""
    held = _lifted.held(run, facts, stack=False)
    before = f"build `{_lifted.constructor(lift, run, facts)}` once and run " if lift.form == "class" else "write "
    text = before + _mapped(lift, "None", axes, held, run, facts)
    if found.split:
        names = _text.listed([f"`{name}`" for name in found.split])
        number, _ = _lifted_axes.splits(lift, "axis_size", axes, facts)
        text += (
            f"; for another {names} key in each turn pass `rngs` to the call, with the axis 0 and "
            f"`@nnx.split_rngs(splits={number})` above"
        )
    return text


def _mapped(lift: Lift, module: str, axes: list[str], held: str, run: Run, facts: Facts) -> str:
    """`@nnx.vmap(in_axes=(0, None), out_axes=0)` over what."""
    out, _ = _lifted_axes.input_axes(lift.given.get("out_axes"), 1, facts)
    outs = out[0] if len(out) == 1 else f"({', '.join(out)})"
    more = "".join(f", {text}" for text in _lifted.options(lift, "axis_name", "spmd_axis_name"))
    names = _lifted_axes.input_names(run.inputs) if run.inputs is not None else ["…"]
    over = f"`({', '.join([held, *names])})`"
    return f"`@nnx.vmap(in_axes=({', '.join([module, *axes])}), out_axes={outs}{more}{_lifted_axes.metadata(lift)})` over {over}"
