"""A module with dropout or batch statistics broadcast to every step of a scan.

`None` in `in_axes` gives each step the same copy of the module: what one step changes, the next does not see.

**What it flags.** `nnx.scan` with `None` in `in_axes` for a module that holds `nnx.Dropout` or `nnx.BatchNorm`; in
methods of NNX modules, and in files that change no mode, also `nnx.vmap` for one that holds `nnx.Dropout`, at the `None`.

**Why.** Every step draws the same dropout mask, because the count of the random stream does not advance, and updates of
running statistics are lost. There is no error.

**Caveats.** Where one mask for all steps is meant, as in variational dropout, silence the line with `# noqa: NNX807`. A
scan that carries the module (`nnx.Carry`) changes both, and `nnx.RNN` needs no change.

Source: established by running the recipe of the Flax guide "Linen to NNX" on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _modes
from flake8_nnx.rules._jit import parameters
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import PARTIAL, Facts

RULE = Rule(
    "NNX807",
    "broadcast-module",
    "every step of `nnx.{transform}` gets the same `{model}`: {what}, {advice}",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import jax.numpy as jnp
from flax import nnx


class Cell(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.dropout(x)


def masks(steps):
    @nnx.scan(in_axes=(nnx.Carry, None, 0), out_axes=(nnx.Carry, 0))
    def run(carry, cell: Cell, x):
        return carry, cell(x)

    return run(0.0, Cell(nnx.Rngs(0)), jnp.ones((steps, 64)))[1]
''',
            nnx='''
import jax.numpy as jnp
from flax import nnx


class Cell(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.dropout(x)


def masks(steps):
    @nnx.scan(in_axes=(nnx.Carry, 0), out_axes=(nnx.Carry, 0))
    def run(cell: Cell, x):
        return cell, cell(x)

    return run(Cell(nnx.Rngs(0)), jnp.ones((steps, 64)))[1]
''',
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per `None` at the place of such a module."""
    transform = nnx.name(call.func, facts)
    if facts.origin(call.func) in PARTIAL and call.args:
        transform = nnx.name(call.args[0], facts)
    if transform not in ("scan", "vmap"):
        return
    axes = next((k.value for k in call.keywords if k.arg == "in_axes"), None)
    if not isinstance(axes, ast.Tuple) or (
        transform == "vmap" and nnx.enclosing(call, facts) is None and _modes.switched(facts)
    ):
        return
    for position, axis in enumerate(axes.elts):
        if not isinstance(axis, ast.Constant) or axis.value is not None:
            continue
        for ref in _taken(call, position, facts):
            statistics = transform == "scan" and nnx.holds(ref, facts, "BatchNorm")
            if ref.kind == "module" and (statistics or nnx.holds(ref, facts, "Dropout")):
                consequence = "updates of its running statistics are lost" if statistics else "one dropout mask for all"
                advice = "carry the module (`nnx.Carry`)" if transform == "scan" else "give each its own random keys"
                yield axis, {"transform": transform, "model": ref.name, "what": consequence, "advice": advice}
                break


def _taken(transform: ast.Call, position: int, facts: Facts) -> Iterator[nnx.Ref]:
    """What the transformed function takes at a position: by its annotation, or by the calls of it."""
    above = facts.names.parent(transform)
    given = [arg for arg in transform.args if facts.origin(transform.func) not in PARTIAL][:1]
    function: ast.AST | None = above if isinstance(above, ast.FunctionDef) and not given else None
    if given:
        binding = facts.names.binding(given[0]) if isinstance(given[0], ast.Name) else None
        function = binding.node if binding is not None and binding.kind == "def" else given[0]
    if isinstance(function, (ast.FunctionDef, ast.Lambda)):
        taken = parameters(function)
        ref = nnx.annotated(taken[position].annotation, facts) if position < len(taken) else None
        if ref is not None:
            yield ref
    for call in _calls(transform, above, facts):
        if position < len(call.args) and not any(isinstance(arg, ast.Starred) for arg in call.args):
            ref = nnx.instance(call.args[position], facts)
            if ref is not None:
                yield ref


def _calls(transform: ast.Call, above: ast.AST | None, facts: Facts) -> Iterator[ast.Call]:
    """The calls of what a transform returns: at once, or by the name it is given."""
    if isinstance(above, ast.Call) and above.func is transform:
        yield above
    if isinstance(above, (ast.FunctionDef, ast.Assign)):
        for node in facts.names.nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                binding = facts.names.binding(node.func)
                if binding is not None and binding.node is above:
                    yield node
