"""Submodules created in the call.

A Linen compact method creates its submodules anew, by name, at each call; an NNX module holds them as attributes.

**What it flags.** Inside a compact method, each construction of a module whose shape does not depend on its input:
modules of one's own, `nn.Dropout`, `nn.Embed`, `nn.Sequential`, …, at the call. Lazily shaped layers are NNX110.

**Why.** A module that is created in the call of an `nnx.Module` is no part of it: its weights are fresh at every
call, are never trained, and are missing from its state. It has to be created once, in `__init__`.

**Caveats.** Modules of one's own take the sizes that their layers need, then their former fields, then `rngs`.
`nn.Sequential` takes a list, `nnx.Sequential` takes the layers as arguments. `nnx.Dropout` draws from the `dropout`
stream of `rngs`.

Source: Flax guide "Linen to NNX", section "Basic Module definition".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _layers, _text
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX111",
    "inline-submodule",
    "{layer} is created in the call: {advice}",
    doc=__doc__,
    fix="safe",
    examples=(
        Example(
            linen='''
import flax.linen as nn


class Tokens(nn.Module):
    @nn.compact
    def __call__(self, tokens):
        return nn.Embed(100, 8)(tokens)
''',
            nnx='''
from flax import nnx


class Tokens(nnx.Module):
    def __init__(self, *, rngs: nnx.Rngs):
        self.embed = nnx.Embed(100, 8, rngs=rngs)

    def __call__(self, tokens):
        return self.embed(tokens)
''',
            also=("NNX101", "NNX103"),
            init="Tokens()",
            args=("i32[2,7]<100",),
        ),
        Example(
            linen='''
import flax.linen as nn


class Noisy(nn.Module):
    rate: float

    @nn.compact
    def __call__(self, x, train: bool):
        return nn.Dropout(self.rate, deterministic=not train)(x)
''',
            nnx='''
from flax import nnx


class Noisy(nnx.Module):
    def __init__(self, rate: float, *, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(rate, rngs=rngs)

    def __call__(self, x, train: bool):
        return self.dropout(x, deterministic=not train)
''',
            also=("NNX101", "NNX103", "NNX104"),
            init="Noisy(rate=0.5)",
            args=("f32[2,4]",),
            kwargs={"train": False},
            train_kwargs={"train": True},
            rngs=("dropout",),
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per construction, in a compact method, of a module that is not lazily shaped."""
    made = _layers.construction(call, facts)
    if made is None or made.layer and (made.layer.lazy or made.layer.refuse):
        return
    method = facts.enclosing_method(call)
    if method is not None and facts.compact_decorator(method) is not None:
        yield call, {"layer": _text.quote(call), "advice": _layers.advice(made, facts)}
