"""Perturbations.

Linen differentiates by values inside of a module through the collection `perturbations`; NNX by `nnx.Perturbation`.

**What it flags.** Calls of `self.perturb` in a Linen module, at the call.

**Why.** `nnx.Module.perturb` makes a Variable of type `nnx.Perturbation` the first time; gradients are taken by it
with `nnx.DiffState`, or with `nnx.capture`.

**Caveats.** The first call decides the shape, so it is made before `nnx.grad`.

Source: API page `flax.nnx.Module.perturb`.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _text
from flake8_nnx.rules._own import own_call
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX208",
    "perturb",
    "`{call}` stays, and the gradient is read otherwise: {advice}",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import flax.linen as nn


class Scaled(nn.Module):
    def __call__(self, x):
        return self.perturb("inner", 2.0 * x)
''',
            nnx='''
from flax import nnx


class Scaled(nnx.Module):
    def __call__(self, x):
        return self.perturb("inner", 2.0 * x)
''',
            also=("NNX103",),
        ),
    ),
)

ADVICE = "take gradients by `nnx.Perturbation` in place of the collection"


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per `self.perturb(…)`."""
    if own_call(call, facts, "perturb"):
        given = [k.value for k in call.keywords if k.arg == "collection"] or call.args[2:3]
        own = f"; give a Variable type in place of `{_text.quote(given[0])}`" if given else ""
        yield call, {"call": _text.quote(call), "advice": ADVICE + own}
