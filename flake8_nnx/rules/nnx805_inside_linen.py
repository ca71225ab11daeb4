"""An NNX layer inside a Linen module.

A Linen module knows nothing of the weights of an NNX layer that it makes: they are constants that never train.

**What it flags.** A layer of flax.nnx, or an NNX module of the file, that a method of a Linen module makes to call it
or to keep it, at the construction.

**Why.** `init` returns no parameters for it, so the optimizer never sees its weights, checkpoints miss them, and every
trace makes them anew from the same seed. There is no error.

**Caveats.** `bridge.to_linen(nnx.Linear, 2, 2)` and `bridge.ToLinen` register the weights, and stay silent. A module
that splits NNX state by hand (`nnx.split`, `nnx.state`) is left alone.

Source: Flax guide "Use Flax NNX and Linen together"; established by running it on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules._text import quote
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.names import FUNCTIONS

BY_HAND = frozenset({"split", "state", "merge", "update", "graphdef"})

RULE = Rule(
    "NNX805",
    "nnx-inside-linen",
    "`{call}` in the Linen module `{cls}` has weights that never train: `nnx.bridge.to_linen({given})` registers them",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import flax.linen as nn
from flax import nnx


class Net(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nnx.Linear(2, 2, rngs=nnx.Rngs(0))(x)
''',
            nnx='''
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.layer = nnx.Linear(2, 2, rngs=rngs)

    def __call__(self, x):
        return self.layer(x)
''',
            also=("NNX101", "NNX103"),
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per layer."""
    ref = nnx.module_class(call.func, facts)
    if ref is None or ref.kind != "module" or not nnx.has_weights(ref, facts):
        return
    cls = facts.enclosing_class(call)
    method = facts.enclosing_method(call)
    if cls is None or method is None or facts.names.enclosing(call, *FUNCTIONS) is not method or not _kept(call, facts):
        return
    if any(nnx.name(node, facts) in BY_HAND for node in ast.walk(cls.node) if isinstance(node, ast.Attribute)):
        return
    yield call, {"call": quote(call), "cls": cls.name, "given": _given(call)}


def _kept(call: ast.Call, facts: Facts) -> bool:
    """Whether the new layer is called at once or given a name; not when it is handed to another function."""
    above = facts.names.parent(call)
    return isinstance(above, ast.Assign) or (isinstance(above, ast.Call) and above.func is call)


def _given(call: ast.Call) -> str:
    """The arguments of `to_linen`, which passes `rngs` itself."""
    named = [quote(keyword) for keyword in call.keywords if keyword.arg != "rngs"]
    return ", ".join([quote(call.func), *map(quote, call.args), *named])
