"""Arithmetic over the whole state of a model.

`nnx.state(model)` without a filter holds more than weights: running statistics, and the keys and counts of random streams.

**What it flags.** Over `nnx.state(model)` of a model that holds `nnx.BatchNorm` or `nnx.Dropout`: `optax.global_norm`,
sums of `.size` over its leaves, and `jax.tree.map` of a function that calls `.astype`, at the state.

**Why.** Counts of parameters and norms are wrong without an error where there are running statistics; random keys have no
norm and no `astype`, and raise a NotImplementedError.

**Caveats.** `nnx.state(model, nnx.Param)` are the weights.

Source: established by running it on flax 0.12.8.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules._given import function
from flake8_nnx.rules._state import state_of
from flake8_nnx.rules._text import quote
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

NORMS = frozenset({"optax.global_norm", "optax.tree_utils.tree_l2_norm", "optax.tree.norm"})
MAPS = frozenset({"jax.tree.map", "jax.tree_util.tree_map", "jax.tree_map"})
LEAVES = frozenset({"jax.tree.leaves", "jax.tree_util.tree_leaves", "jax.tree_leaves"})

RULE = Rule(
    "NNX831",
    "full-state",
    "`{state}` has {more} besides weights: {what} `nnx.state({model}, nnx.Param)`",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import jax
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.norm = nnx.BatchNorm(4, rngs=rngs)


def count(net: Net):
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(net)))
''',
            nnx='''
import jax
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.norm = nnx.BatchNorm(4, rngs=rngs)


def count(net: Net):
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(net, nnx.Param)))
''',
        ),
        Example(
            linen='''
import optax
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(0.5, rngs=rngs)
        self.layer = nnx.Linear(2, 2, rngs=rngs)


def size(net: Net):
    return optax.global_norm(nnx.state(net))
''',
            nnx='''
import optax
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(0.5, rngs=rngs)
        self.layer = nnx.Linear(2, 2, rngs=rngs)


def size(net: Net):
    return optax.global_norm(nnx.state(net, nnx.Param))
''',
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per use of such a state."""
    origin = facts.origin(call.func) or ""
    if not call.args or not nnx.present(facts):
        return
    if origin in NORMS:
        yield from _full(call.args[0], "its norm is that of", facts)
    elif origin in MAPS and len(call.args) == 2 and _casts(call.args[0], facts):
        yield from _full(call.args[1], "cast", facts)
    elif origin in LEAVES and _counted(call, facts):
        yield from _full(call.args[0], "count", facts)


def _full(node: ast.expr, what: str, facts: Facts) -> Iterator[Report]:
    state = state_of(node, facts)
    if state is None or len(state.args) != 1 or state.keywords:
        return
    ref = nnx.instance(state.args[0], facts)
    if ref is None or ref.kind != "module":
        return
    held = [("running statistics", "BatchNorm"), ("random keys", "Dropout")]
    more = [text for text, layer in held if nnx.holds(ref, facts, layer)]
    if more:
        yield node, {"state": quote(node), "more": " and ".join(more), "what": what, "model": quote(state.args[0])}


def _casts(node: ast.expr, facts: Facts) -> bool:
    """Whether a function calls `.astype` on what it takes."""
    of = function(node, facts)
    calls = [each for each in ast.walk(of) if isinstance(each, ast.Call)] if of is not None else []
    return any(isinstance(call.func, ast.Attribute) and call.func.attr == "astype" for call in calls)


def _counted(leaves: ast.Call, facts: Facts) -> bool:
    """Whether the sizes of leaves are summed: `sum(x.size for x in leaves)`."""
    loop = facts.names.parent(leaves)
    made = facts.names.parent(loop) if isinstance(loop, ast.comprehension) else None
    if not isinstance(made, (ast.GeneratorExp, ast.ListComp)):
        return False
    return any(isinstance(node, ast.Attribute) and node.attr in ("size", "nbytes") for node in ast.walk(made.elt))
