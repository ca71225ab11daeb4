"""Mutable collections.

Linen returns updated collections that `mutable=` names; NNX updates variables in place.

**What it flags.** The `mutable=` argument of `apply` and `init` of a Linen module, at the argument.

**Why.** Batch statistics, caches and counters change inside the model as it is called, so the call returns its output
alone.

**Caveats.** Under `jax.jit` the changes are lost: use `nnx.jit`. Values sown outside of `nnx.capture` accumulate
until `nnx.pop(model, nnx.Intermediate)`, and flax 0.12.12 warns of them.

Source: Flax guide "Linen to NNX", section "Training step and compilation".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.catalog.collections import variable_type
from flake8_nnx.rules import _calls, _text
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.variables import ModelCall

RULE = Rule(
    "NNX312",
    "apply-mutable",
    "`{keyword}` has no place in NNX: {advice}",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import flax.linen as nn


def train(model: nn.Module, variables, x):
    return model.apply(variables, x, mutable=["batch_stats"])
''',
            nnx='''
from flax import nnx


def train(model: nnx.Module, x):
    return model(x)
''',
            also=("NNX310",),
        ),
    ),
)


@RULE.on(ast.keyword)
def check(node: ast.keyword, facts: Facts) -> Iterator[Report]:
    """One finding per `mutable=`."""
    found = _calls.keyword_of_call(node, facts, "mutable")
    if found is not None:
        yield node, {"keyword": _text.quote(node), "advice": _advice(node.value, *found, facts)}


def _advice(value: ast.expr, call: ast.Call, model: ModelCall, facts: Facts) -> str:
    if isinstance(value, ast.Constant) and value.value in (False, None):
        return "an NNX call returns its output alone"
    if model.kind in ("init", "init_with_output", "lazy_init"):
        return "the constructor creates the variables of every collection"
    names = _calls.collections_in(value) or []
    sown = "intermediates" in names
    changed = [f"`{variable_type(name)}`" for name in names if name != "intermediates"]
    verb = "is" if len(changed) == 1 else "are"
    place = f"{_text.listed(changed) if changed else 'variables'} {verb} updated in place"
    if sown:
        place = ("" if not changed else f"{place}; ") + "sown values are collected around the call"
    above = facts.names.parent(call)
    pair = isinstance(above, ast.Assign) and isinstance(above.targets[0], ast.Tuple) and len(above.targets[0].elts) == 2
    if pair and isinstance(above, ast.Assign) and isinstance(above.targets[0], ast.Tuple):
        pair_text, output = _text.quote(above.targets[0])[1:-1], _text.quote(above.targets[0].elts[0])
        assigned = f"{pair_text} = " if sown else "" if output == "_" else f"{output} = "
        code = _calls.captured(call, model, facts) if sown else _calls.nnx_call(call, model, facts)
        return f"{place}, so `{pair_text} = …` becomes `{assigned}{code}`"
    return f"{place}, `{_calls.captured(call, model, facts)}`" if sown else place
