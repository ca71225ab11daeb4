"""Explicit module names.

A Linen module is named by its `name=` argument or by an automatic name; an NNX module is named by the attribute that
holds it.

**What it flags.** The `name=` and `parent=` arguments of a module construction, at the argument.

**Why.** NNX constructors take neither, so the argument raises. The name is part of every variable's path and thereby
of every checkpoint: a module that was `name="proj"` is best held by `self.proj`, and `params/proj/kernel` stays
`proj/kernel`.

**Caveats.** Names written in a loop, such as `name=f"block_{i}"`, become one `nnx.List`: the path `block_0` becomes
`blocks/0`, which matters where old checkpoints are read. Names that are no identifiers change too.

Source: Flax guide "Linen to NNX", section "Basic Module definition".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _layers, _text, _traced
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX105",
    "explicit-name",
    "`{keyword}` of `{layer}`: {advice}",
    doc=__doc__,
    fix="safe",
    examples=(
        Example(
            linen='''
import flax.linen as nn


class Head(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(10, name="logits")(x)
''',
            nnx='''
from flax import nnx


class Head(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.logits = nnx.Linear(in_features, 10, rngs=rngs)

    def __call__(self, x):
        return self.logits(x)
''',
            also=("NNX101", "NNX103", "NNX110"),
            init="Head()",
            args=("f32[2,4]",),
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per `name=` or `parent=` of a module construction, or of a partial of a module class."""
    named = [keyword for keyword in call.keywords if keyword.arg in ("name", "parent")]
    made = (_layers.construction(call, facts) or _layers.partial(call, facts)) if named else None
    for keyword in named if made else ():
        yield keyword, {
            "keyword": _text.quote(keyword),
            "layer": ast.unparse(call.func),
            "advice": PARENT if keyword.arg == "parent" else _advice(keyword.value, call, facts),
        }


PARENT = "delete it, an NNX module has no parent and belongs to whatever attribute holds it"


def _advice(value: ast.expr, call: ast.Call, facts: Facts) -> str:
    held = facts.enclosing_class(call) is not None and not _traced.inside_construction(call, facts)
    if not held or not isinstance(value, (ast.Constant, ast.JoinedStr)) or value == ast.Constant(None):
        return "delete it, an NNX module is named by the attribute that holds it"
    name = _layers.attribute(call, facts)
    if isinstance(value, ast.Constant) and isinstance(value.value, str) and _layers.construction(call, facts) is None:
        name = value.value  # a partial: whoever calls it holds the module
    if isinstance(value, ast.JoinedStr):
        return f"NNX names by attribute, hold the modules in the nnx.List `self.{_text.plural(name)}`"
    if not isinstance(value.value, str):
        return "delete it, an NNX module is named by the attribute that holds it"
    path = "" if name == value.value else f" (the path {value.value} becomes {name})"
    return f"NNX names by attribute, hold it in `self.{name}`{path}"
