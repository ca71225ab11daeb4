"""Work after the fields are set.

Linen modules are dataclasses with a generated constructor; NNX modules have an `__init__` of their own.

**What it flags.** A method `__post_init__` in a Linen module, at its name.

**Why.** What it does to fields is done in `__init__`, before the layers are created. The call of
`super().__post_init__()`, which registers the module with Linen, goes.

**Caveats.** In Linen it runs for every clone as well; in NNX once.

Source: API page `flax.linen.Module` and Flax guide "Linen to NNX".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX209",
    "linen-post-init",
    "`__post_init__` of a Linen module becomes part of `__init__`: {advice}",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import flax.linen as nn


class Named(nn.Module):
    def __post_init__(self):
        self.label = type(self).__name__
        super().__post_init__()
''',
            nnx='''
from flax import nnx


class Named(nnx.Module):
    def __init__(self):
        self.label = type(self).__name__
''',
            also=("NNX103",),
        ),
    ),
)


@RULE.on(ast.FunctionDef)
def check(function: ast.FunctionDef, facts: Facts) -> Iterator[Report]:
    """One finding per method."""
    if function.name == "__post_init__" and facts.linen_class(facts.names.parent(function)) is not None:
        calls = any(isinstance(n, ast.Attribute) and n.attr == "__post_init__" for n in ast.walk(function))
        yield function, {"advice": "`super().__post_init__()` goes" if calls else "it would not be called"}
