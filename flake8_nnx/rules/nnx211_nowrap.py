"""Unwrapped methods.

Linen wraps every method of a module, unless told not to; NNX wraps none.

**What it flags.** Uses of `flax.linen.nowrap`, at the name.

**Why.** The decorator has no meaning in NNX.

**Caveats.** None: the method stays as it is.

Source: API page `flax.linen.nowrap`.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _text
from flake8_nnx.rules._linen_steps import linen_uses
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX211",
    "nowrap",
    "`{name}`: delete it, methods of an NNX module are not wrapped",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import flax.linen as nn


class Sized(nn.Module):
    @nn.nowrap
    def size(self):
        return 3
''',
            nnx='''
from flax import nnx


class Sized(nnx.Module):
    def size(self):
        return 3
''',
            also=("NNX103",),
        ),
    ),
)


@RULE.on(ast.Module)
def check(_: ast.Module, facts: Facts) -> Iterator[Report]:
    """One finding per use."""
    for node in linen_uses(facts, "nowrap"):
        yield node, {"name": _text.quote(node)}
