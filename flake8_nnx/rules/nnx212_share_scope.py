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
from flake8_nnx.rules._linen_steps import linen_uses
from flake8_nnx.source.linen import Facts

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


@RULE.on(ast.Module)
def check(_: ast.Module, facts: Facts) -> Iterator[Report]:
    """One finding per use."""
    for node in linen_uses(facts, "share_scope"):
        yield node, {"name": _text.quote(node)}
