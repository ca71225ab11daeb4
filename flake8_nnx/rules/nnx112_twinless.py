"""Layers without a twin.

A few Linen layers have no NNX layer that computes the same from the same weights.

**What it flags.** Each construction of such a layer, anywhere, and each `functools.partial` of one, at the call.

**Why.** Either NNX has no such layer (`nn.ConvLocal`, `nn.MGUCell`, the fp8 operations), or the one of that name
computes something else (`nn.GRUCell` trains a bias that `nnx.GRUCell` lacks). Renaming them would change a model
silently.

**Caveats.** `nnx.bridge.ToNNX(layer, rngs=rngs)` keeps the Linen layer inside an NNX module, exactly as it was.
`nn.BatchApply` is a reshape around the call.

Source: `flax.linen` and `flax.nnx` 0.12, compared layer by layer; Flax guide "Use Flax NNX and Linen together".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _layers, _text
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX112",
    "layer-without-twin",
    "{layer}: nn.{name} has no exact NNX twin, {reason}",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import flax.linen as nn


class Head(nn.Module):
    def setup(self):
        self.dense = nn.Dense(3)
        self.every = nn.BatchApply(self.dense)

    def __call__(self, x):
        return self.every(x)
''',
            nnx='''
from flax import nnx


class Head(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x):
        merged = x.reshape(-1, *x.shape[2:])
        return self.dense(merged).reshape(*x.shape[:2], -1)
''',
            also=("NNX102", "NNX103", "NNX110"),
            init="Head()",
            args=("f32[2,5,4]",),
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per construction, or partial, of a layer that the catalogue refuses."""
    made = _layers.construction(call, facts) or _layers.partial(call, facts)
    if made is not None and made.layer is not None and made.layer.refuse:
        yield call, {"layer": _text.quote(call), "name": made.layer.linen, "reason": made.layer.refuse}
