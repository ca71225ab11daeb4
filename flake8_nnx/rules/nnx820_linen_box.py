"""A Linen partitioning initialiser in an NNX layer.

`nn.with_partitioning` of Linen wraps arrays into boxes that only Linen unwraps.

**What it flags.** `nn.with_partitioning` and `nn.with_logical_partitioning` of flax.linen as an initialiser of a layer
of flax.nnx, at the argument.

**Why.** The Param then holds a `Partitioned` box instead of an array. Making the layer works; calling it, or giving its
state to a mesh, does not.

**Caveats.** `nnx.with_partitioning` is the twin for both. It needs a mesh (`jax.set_mesh`) when the layer is made.

Source: Flax guide "Scale up on multiple devices"; established by running it on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules._text import quote
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import LINEN, PARTIAL, Facts

BOXES = (LINEN + "with_partitioning", LINEN + "with_logical_partitioning")

RULE = Rule(
    "NNX820",
    "linen-box",
    "`{box}` leaves a Linen box in the Param of `{layer}`: use `nnx.with_partitioning`",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import flax.linen as nn
from flax import nnx


def make():
    init = nn.with_partitioning(nnx.initializers.ones, (None, "model"))
    return nnx.Linear(2, 2, kernel_init=init, rngs=nnx.Rngs(0))
''',
            nnx='''
from flax import nnx


def make():
    init = nnx.with_partitioning(nnx.initializers.ones, (None, "model"))
    return nnx.Linear(2, 2, kernel_init=init, rngs=nnx.Rngs(0))
''',
            also=("NNX601",),
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per initialiser."""
    partial = facts.origin(call.func) in PARTIAL and call.args
    made = call.args[0] if partial else call.func
    if nnx.name(made, facts) not in nnx.LAYERS:
        return
    for keyword in call.keywords:
        box = _box(keyword.value, facts)
        if keyword.arg and keyword.arg.endswith("init") and box is not None:
            yield keyword.value, {"box": quote(box.func), "layer": quote(made)}


def _box(node: ast.expr, facts: Facts) -> ast.Call | None:
    """The call of a boxing initialiser that an expression is, or that its name is bound to."""
    binding = facts.names.binding(node) if isinstance(node, ast.Name) else None
    value = binding.value if binding is not None and binding.kind == "assign" else node
    return value if isinstance(value, ast.Call) and facts.origin(value.func) in BOXES else None
