"""Lazily shaped layers.

Linen layers learn the size of their input at the first call; NNX layers are told when they are built.

**What it flags.** Each construction of a `flax.linen` layer that infers a size from its input (`nn.Dense`, `nn.Conv`,
`nn.BatchNorm`, …), and each `functools.partial` of one, at the call.

**Why.** An NNX layer allocates its weights in its constructor, so the constructor takes `in_features` (`num_features`
for normalisations) and `rngs`. The message gives the whole NNX constructor: sizes as far as they follow from the
code, renamed arguments under their new name, and arguments whose position moved as keywords.

**Caveats.** `nn.BatchNorm(True)` sets `use_running_average`, `nnx.BatchNorm(True)` would set `num_features`:
arguments are not in the same order. `deterministic` and `use_running_average` default to False in NNX, so keep
passing them at the call.

Source: Flax guide "Linen to NNX", section "Basic Module definition"; signatures of `flax.linen` and `flax.nnx` 0.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.catalog.layers import Layer
from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _layers, _text
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX110",
    "lazy-layer",
    "{layer} is lazy: {advice}",
    doc=__doc__,
    fix="safe",
    examples=(
        Example(
            linen='''
import flax.linen as nn


class Block(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x, train: bool):
        x = nn.Conv(self.features, (3, 3), use_bias=False)(x)
        x = nn.BatchNorm(use_running_average=not train)(x)
        return nn.relu(x)
''',
            nnx='''
from flax import nnx


class Block(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.conv = nnx.Conv(
            in_features, features, kernel_size=(3, 3), use_bias=False, rngs=rngs
        )
        self.batch_norm = nnx.BatchNorm(features, rngs=rngs)

    def __call__(self, x, train: bool):
        x = self.conv(x)
        x = self.batch_norm(x, use_running_average=not train)
        return nnx.relu(x)
''',
            also=("NNX101", "NNX103", "NNX104"),
            init="Block(features=4)",
            args=("f32[2,8,8,3]",),
            kwargs={"train": False},
            train_kwargs={"train": True},
            mutable=("batch_stats",),
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per construction, and one per partial, of a layer that infers sizes."""
    made = _layers.construction(call, facts)
    if made is not None:
        if made.layer and made.layer.lazy and not made.layer.refuse:
            yield call, {"layer": _text.quote(call), "advice": _layers.advice(made, facts)}
        return
    made = _layers.partial(call, facts)
    if made is not None and made.layer and made.layer.lazy and not made.layer.refuse:
        code = _partial_code(made, made.layer, facts)
        sizes = " and ".join(made.layer.sizes)
        yield call, {"layer": _text.quote(call), "advice": f"make it {code} and give {sizes} where it is called"}


def _partial_code(made: _layers.Construction, layer: Layer, facts: Facts) -> str:
    """`partial(nnx.Conv, use_bias=False, rngs=rngs)` of `partial(nn.Conv, use_bias=False)`."""
    built = ast.parse(_layers.replacement(made, facts).code, mode="eval").body
    assert isinstance(built, ast.Call)
    # The catalogue shows what is missing by its own name; here it is the calls that give it.
    given = {*dict(zip(layer.linen_args, made.positional)), *made.keywords}
    missing = {*layer.sizes, *(layer.renames.get(name, name) for name in layer.required if name not in given)}
    named = [*zip(layer.leading, built.args), *((keyword.arg or "**", keyword.value) for keyword in built.keywords)]
    arguments = [f"{name}={ast.unparse(value)}" for name, value in named if name not in missing]
    return f"{ast.unparse(made.call.func)}({', '.join([ast.unparse(built.func), *arguments])})"
