"""Shared scopes.

`share_scope` lets a Linen module store variables under the path of another; in NNX the path is that of the
attributes.

**What it flags.** Uses of `flax.linen.share_scope`, at the name.

**Why.** A module that wraps another can take over its layers: `self.dense = inner.dense`.

**Caveats.** Old checkpoints are read through a variable map, which maps the paths.

Source: API page `flax.linen.share_scope`.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _text
from flake8_nnx.rules._linen_steps import uses
from flake8_nnx.source.linen import LINEN, Facts

RULE = Rule(
    "NNX212",
    "share-scope",
    "`{name}` has no twin: give this module the layers of the other as attributes of its own",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import flax.linen as nn


class Wrapper(nn.Module):
    inner: nn.Module

    def setup(self):
        nn.share_scope(self, self.inner)
''',
            nnx='''
from flax import nnx


class Wrapper(nnx.Module):
    def __init__(self, inner: nnx.Module):
        self.dense = inner.dense
''',
            also=("NNX102", "NNX103", "NNX104",),
        ),
    ),
)


@RULE.on(ast.Name, ast.Attribute)
def check(node: ast.expr, facts: Facts) -> Iterator[Report]:
    """One finding per use."""
    cls = facts.names.enclosing(node, ast.ClassDef)
    if uses(node, facts, (LINEN + "share_scope",)) is None or (cls is not None and facts.linen_class(cls) is None):
        return  # in an NNX class it is a leftover, which has a rule of its own
    yield node, {"name": _text.quote(node)}
