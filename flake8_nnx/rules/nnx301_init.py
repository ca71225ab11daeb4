"""Initialisation.

Linen makes variables with `model.init(key, x)`; an NNX model has them once it is constructed.

**What it flags.** Calls of `init` on a Linen module, at the call. What is no Linen module for certain (optax, haiku,
stax) is left alone.

**Why.** There is nothing to initialise in NNX: the constructor gets the keys as `nnx.Rngs` and the sizes that Linen
took from the sample input.

**Caveats.** The same seed gives other initial values than in Linen, since NNX derives keys from the order of
construction. `jax.eval_shape(model.init, …)` becomes `nnx.eval_shape`.

Source: Flax guide "Linen to NNX", section "Variable creation".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _calls, _text
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.variables import model_call

RULE = Rule(
    "NNX301",
    "init",
    "`{call}` goes: `{code}` creates the variables",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import flax.linen as nn
import jax
import jax.numpy as jnp


def create(model: nn.Module):
    return model.init(jax.random.key(0), jnp.ones((1, 4)))
''',
            nnx='''
from flax import nnx


def create(model_class):
    return model_class(4, rngs=nnx.Rngs(0))
''',
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per call of a Linen module's `init`."""
    found = model_call(call, facts, "init")
    if found is not None:
        yield call, {"call": _text.quote(call), "code": _calls.constructor(call, found, facts)}
