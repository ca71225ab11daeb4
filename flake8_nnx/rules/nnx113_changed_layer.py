"""Layers with another constructor.

Some layers infer no size, and yet their NNX constructor takes other arguments.

**What it flags.** Constructions of `nn.Embed`, `nn.Dropout`, `nn.Einsum`, `nn.Sequential`, `nn.PReLU`, `nn.RNN` and
`nn.Bidirectional` outside of compact methods, and each `functools.partial` of one, at the call. In compact methods they
are NNX111.

**Why.** `nnx.Embed` and `nnx.Dropout` need `rngs`, `nnx.Einsum` takes the equation before the shape and no bias unless
told its shape, `nnx.Sequential` takes the layers one by one, and cells of `nnx.RNN` are NNX layers. A Linen layer left
inside of an NNX module has no weights.

**Caveats.** `nnx.Dropout` draws from the `dropout` stream of `rngs`, and its flag defaults to False.

Source: signatures of `flax.linen` and `flax.nnx` 0.12; Flax guide "Linen to NNX".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _layers, _text
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX113",
    "changed-layer",
    "{layer} takes other arguments in NNX: {advice}",
    doc=__doc__,
    fix="safe",
    examples=(
        Example(
            linen='''
import flax.linen as nn


class Tokens(nn.Module):
    features: int

    def setup(self):
        self.embed = nn.Embed(100, self.features)
        self.dropout = nn.Dropout(0.5)

    def __call__(self, tokens, train: bool):
        return self.dropout(self.embed(tokens), deterministic=not train)
''',
            nnx='''
from flax import nnx


class Tokens(nnx.Module):
    def __init__(self, features: int, *, rngs: nnx.Rngs):
        self.embed = nnx.Embed(100, features, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, tokens, train: bool):
        return self.dropout(self.embed(tokens), deterministic=not train)
''',
            also=("NNX102", "NNX103", "NNX104"),
            init="Tokens(features=4)",
            args=("i32[2,7]<100",),
            kwargs={"train": False},
            train_kwargs={"train": True},
            rngs=("dropout",),
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per construction, and one per partial, of a layer that is not lazily shaped."""
    made = _layers.construction(call, facts)
    if made is not None:
        if made.layer is None or made.layer.lazy or made.layer.refuse:
            return
        method = facts.enclosing_method(call)
        if method is None or facts.compact_decorator(method) is None:
            yield call, {"layer": _text.quote(call), "advice": _layers.advice(made, facts)}
        return
    made = _layers.partial(call, facts)
    if made is not None and made.layer and not made.layer.lazy and not made.layer.refuse:
        rngs = " and give `rngs=` where it is called" if made.layer.rngs else ""
        code = f"{ast.unparse(call.func)}(nnx.{made.layer.nnx}, …)"
        yield call, {"layer": _text.quote(call), "advice": f"make it `{code}`{rngs}"}
