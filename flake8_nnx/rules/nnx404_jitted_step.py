"""Compiled steps.

Linen steps are pure functions of a state; NNX steps change the model, which only `nnx.jit` carries out of the
compiled function.

**What it flags.** `jax.jit` and `jax.pmap` over a function of the file that calls `apply` or `apply_fn` of a Linen
module or `apply_gradients`, at the transform.

**Why.** `nnx.jit` passes the model in and its updates out. With `jax.jit` the updates of an NNX model are lost
without an error.

**Caveats.** `nnx.pmap` exists, but sharded arrays under `nnx.jit` are the way to several devices. Arguments that are
donated keep their place: `donate_argnums` counts the model too.

Source: Flax guide "Linen to NNX", section "Training step", and guide "Why Flax NNX".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _text
from flake8_nnx.rules._jit import JITS, wrapped
from flake8_nnx.rules._linen_steps import runs_model
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX404",
    "linen-jit",
    "`{transform}` compiles {function}, which runs a Linen model: use `{code}`, with model and optimizer as arguments",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import jax
import flax.linen as nn


def predictor(model: nn.Module):
    @jax.jit
    def predict(params, x):
        return model.apply({"params": params}, x)

    return predict
''',
            nnx='''
from flax import nnx


@nnx.jit
def predict(model: nnx.Module, x):
    return model(x)
''',
            also=("NNX310",),
        ),
    ),
)


@RULE.on(ast.FunctionDef, ast.Call)
def check(node: ast.AST, facts: Facts) -> Iterator[Report]:
    """One finding per transform of such a function."""
    for each in wrapped(node, facts, *JITS):
        if runs_model(each.function, facts):
            name = getattr(each.function, "name", "")
            pmap = each.wrapper.origin == "jax.pmap"
            code = "nnx.jit` over sharded arrays, or `nnx.pmap" if pmap else "nnx.jit"
            function = f"`{name}`" if name else "a function"
            yield each.place, {"transform": _text.quote(each.place), "function": function, "code": code}
