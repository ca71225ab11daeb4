"""Merged arguments.

Linen layers take a flag in the constructor or in the call, and `merge_param` chooses; NNX layers do so by themselves.

**What it flags.** Uses of `flax.linen.merge_param`, at the name.

**Why.** `a if a is not None else b` says the same, and works for arguments of your own.

**Caveats.** `merge_param` raises when both or neither are given; the conditional takes the argument of the call.

Source: API page `flax.linen.merge_param`.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _text
from flake8_nnx.rules._linen_steps import linen_uses
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX213",
    "merge-param",
    "`{name}` becomes a conditional: {code}",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import flax.linen as nn


def flag(own, given):
    return nn.merge_param("train", own, given)
''',
            nnx='''
from flax import nnx


def flag(model: nnx.Module, given):
    return model.train_flag if given is None else given
''',
        ),
    ),
)


@RULE.on(ast.Module)
def check(_: ast.Module, facts: Facts) -> Iterator[Report]:
    """One finding per use."""
    for node in linen_uses(facts, "merge_param"):
        call = facts.names.parent(node)
        code = "`b if b is not None else a`"
        if isinstance(call, ast.Call) and call.func is node and len(call.args) == 3:
            own, given = (_text.quote(argument) for argument in call.args[1:])
            code = f"`{given} if {given} is not None else {own}`"
        yield node, {"name": _text.quote(node), "code": code}
