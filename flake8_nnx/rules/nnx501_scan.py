"""Lifted scan.

Linen's `nn.scan` makes and runs a stack of modules at once; in NNX `nnx.vmap` makes it and `nnx.scan` runs it.

**What it flags.** `flax.linen.scan` around a class, a function or a method, also through `functools.partial`, at the
call or decorator.

**Why.** `nnx.scan` is close to `jax.lax.scan`: the module is one input more, with an axis of its own. Where
`variable_axes` stacks the parameters, a constructor under `nnx.vmap` builds the stack from split streams. Where
`variable_broadcast` shares them, there is one module, which the carry takes along.

**Caveats.** A module with the axis None keeps no changes: its dropout masks repeat and its batch statistics are lost,
so carry it. NNX has one axis for all variables of a module. Flags such as `deterministic` are closed over, since
`nnx.scan` would trace them. What is initialised from the same seed differs from Linen.

Source: Flax guides "Linen to NNX", section "Scan over layers", and "Transforms"; run on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _lifted, _lifted_axes, _text
from flake8_nnx.rules._lifted import Lift, Run
from flake8_nnx.rules._lifted_axes import Layout
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.literals import is_none

RULE = Rule(
    "NNX501",
    "lifted-scan",
    "`{scan}`: {advice}",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import flax.linen as nn


class Block(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x, _):
        x = nn.Dense(self.features)(x)
        return nn.relu(x), None


class MLP(nn.Module):
    features: int
    depth: int

    @nn.compact
    def __call__(self, x):
        blocks = nn.scan(
            Block, variable_axes={"params": 0}, split_rngs={"params": True}, length=self.depth
        )
        x, _ = blocks(self.features, name="blocks")(x, None)
        return x
''',
            nnx='''
from flax import nnx


class Block(nnx.Module):
    def __init__(self, features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(features, features, rngs=rngs)

    def __call__(self, x):
        return nnx.relu(self.dense(x))


class MLP(nnx.Module):
    def __init__(self, features: int, depth: int, *, rngs: nnx.Rngs):
        @nnx.split_rngs(splits=depth)
        @nnx.vmap(in_axes=0, out_axes=0)
        def create(rngs: nnx.Rngs):
            return Block(features, rngs=rngs)

        self.blocks = create(rngs)

    def __call__(self, x):
        @nnx.scan(in_axes=(nnx.Carry, 0), out_axes=nnx.Carry)
        def forward(x, block):
            return block(x)

        return forward(x, self.blocks)
''',
            also=("NNX101", "NNX103", "NNX104", "NNX105", "NNX110", "NNX111"),
            init="MLP(features=4, depth=3)",
            args=("f32[2,4]",),
        ),
    ),
)


@RULE.on(ast.Module)
def check(_: ast.Module, facts: Facts) -> Iterator[Report]:
    """One finding per `nn.scan`."""
    for lift in _lifted.lifts(facts, "scan"):
        yield lift.place, {"scan": _text.quote(lift.place), "advice": _advice(lift, facts)}


def _advice(lift: Lift, facts: Facts) -> str:
    if lift.form == "value" or not _lifted_axes.readable(lift):
        return (
            "`nnx.scan` takes functions: build the modules first, then scan a function that calls them, with "
            f"an axis for the module between the carry and those of the inputs{_lifted_axes.unread(lift)}"
        )
    lift = _lifted.per_method(lift)
    found, run = _lifted_axes.layout(lift, facts), _lifted.run_of(lift, facts)
    parts = [_stacked(lift, found, run, facts) if found.axis is not None else _shared(lift, run, facts)]
    if found.axis is not None and found.carried:
        parts.append(f"put {_named(found.carried)} into a module of its own, which the carry takes along")
    if found.axis is not None and found.shared:
        parts.append(f"put {_named(found.shared)} into a module of its own with the axis None")
    flags = [f"`{_text.quote(node)}`" for node in run.inputs or [] if _lifted_axes.is_flag(node)]
    if flags:
        parts.append(f"close over {_text.listed(flags)}, which `nnx.scan` would trace")
    return "; ".join([*parts, *_lifted_axes.notes(lift, found, run), *_lifted.dropped(lift)])


def _named(collections: tuple[str, ...]) -> str:
    return _text.listed([f"`{name}`" for name in collections])


def _stacked(lift: Lift, found: Layout, run: Run, facts: Facts) -> str:
    """Two steps: build the stack, run it."""
    names, axes, every = _inputs(lift, run, facts)
    number, notes = _lifted_axes.splits(lift, "length", axes, facts)
    extra = _lifted_axes.metadata(lift)
    held = _lifted.held(run, facts, stack=True) if lift.form == "class" else "modules"
    built = f"`{held}`" if lift.form == "class" and run.made is not None else "the modules"
    made = f"`{_lifted.constructor(lift, run, facts)}`" if lift.form == "class" else "a module with the layers of the body"
    carry, rest = (names[0] if names else "carry"), names[1:]
    in_axes = ", ".join(["nnx.Carry", str(found.axis), *axes])
    out, last = _out(lift, run, facts)
    code = f"@nnx.scan(in_axes=({in_axes}), out_axes={out}{extra}{_options(lift)})"
    steps = (
        f"build {built} with `@nnx.split_rngs(splits={number})` over `@nnx.vmap(in_axes=0, out_axes={found.axis}{extra})` "
        f"of {made}, run with `{code}` over `({', '.join([carry, held, *rest])})`"
    )
    return "; ".join([steps, *notes, *every, *last])


def _shared(lift: Lift, run: Run, facts: Facts) -> str:
    """One module, which the carry takes along."""
    names, axes, every = _inputs(lift, run, facts)
    out, last = _out(lift, run, facts)
    module = _lifted.held(run, facts, stack=False)
    if lift.form == "class":
        before = f"build `{_lifted.constructor(lift, run, facts)}` once"
    else:
        before = "let the body take and return the pair of module and carry"
    if isinstance(lift.target, ast.FunctionDef) and lift.form == "method":
        before = "make the method one step"
    carry, rest = (names[0] if names else "carry"), names[1:]
    inner = f"({module}, {carry})"
    in_axes = f"({', '.join(['nnx.Carry', *axes])})" if axes else "nnx.Carry"
    code = f"nnx.scan(in_axes={in_axes}, out_axes={out}{_options(lift)})"
    whole = f"({', '.join([inner, *rest])})" if rest else inner if not axes else f"({inner}, …)"
    return "; ".join([f"{before} and run `@{code}` over `{whole}`, so that the carry keeps its changes", *every, *last])


def _inputs(lift: Lift, run: Run, facts: Facts) -> tuple[list[str], list[str], list[str]]:
    """Names of carry and inputs, axes of the inputs, and a note; without what is None or closed over."""
    inputs = None if run.inputs is None else run.inputs[1:]
    axes, every = _lifted_axes.input_axes(lift.given.get("in_axes"), None if inputs is None else len(inputs), facts)
    names = _lifted_axes.input_names(run.inputs)
    if inputs is None:
        note = [f"with axis {axes[-1]} for each further input"] if every and axes[-1] != "0" else []
        return names, axes, note
    kept = [
        i
        for i, node in enumerate(inputs)
        if not _lifted_axes.is_flag(node) and not is_none(node)
    ]
    return (
        [*names[:1], *(names[i + 1] for i in kept)],
        [axes[i] for i in kept if i < len(axes)] if len(axes) == len(inputs) else axes,
        [],
    )


def _out(lift: Lift, run: Run, facts: Facts) -> tuple[str, list[str]]:
    """`out_axes`, and what the function returns where nothing else than the carry is used."""
    above = facts.names.parent(run.call) if run.call is not None else None
    if isinstance(above, ast.Assign) and isinstance(above.targets[0], ast.Tuple) and len(above.targets[0].elts) == 2:
        second = above.targets[0].elts[1]
        if isinstance(second, ast.Name) and not second.id.strip("_"):
            return "nnx.Carry", ["return the carry alone"]
    if isinstance(above, ast.Subscript) and isinstance(above.slice, ast.Constant) and above.slice.value == 0:
        return "nnx.Carry", ["return the carry alone"]
    axes, _ = _lifted_axes.input_axes(lift.given.get("out_axes"), 1, facts)
    return f"(nnx.Carry, {axes[0] if len(axes) == 1 else '(' + ', '.join(axes) + ')'})", []


def _options(lift: Lift) -> str:
    return "".join(f", {text}" for text in _lifted.options(lift, "reverse", "unroll", "_split_transpose"))
