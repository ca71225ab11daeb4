"""Names that moved.

Some plain names of `flax.linen` are called otherwise in flax.nnx, or have no twin.

**What it flags.** `nn.normalize`, `nn.ones`, `nn.zeros`, `nn.ones_init`, `nn.zeros_init`, `nn.DenyList`, `nn.Variable`,
`nn.dot_product_attention` and its weights, and the switches of `nn.named_call`, at the name or its import. Functions
such as `nn.relu` are the same objects in flax.nnx and stay.

**Why.** With `nn` for flax.nnx these names would be missing, or take other arguments. The message names what replaces
them and speaks of the arguments that are written.

**Caveats.** `nn.Variable` as a type of state is a subclass of `nnx.Variable` for each collection.

Source: public names of `flax.linen` and `flax.nnx` 0.12.8 and 0.12.12, compared one by one.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.catalog.moved import MOVED, Moved
from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _text
from flake8_nnx.source.linen import LINEN, Facts

RULE = Rule(
    "NNX114",
    "moved-name",
    "`{name}` {advice}",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import flax.linen as nn


def start(key, shape):
    return nn.ones(key, shape)
''',
            nnx='''
from flax import nnx


def start(key, shape):
    return nnx.initializers.ones(key, shape)
''',
        ),
        Example(
            linen='''
import flax.linen as nn


def attend(query, key, value):
    return nn.dot_product_attention(query, key, value, force_fp32_for_softmax=True)
''',
            nnx='''
import jax.numpy as jnp
from flax import nnx


def attend(query, key, value):
    query, key = query.astype(jnp.float32), key.astype(jnp.float32)
    return nnx.dot_product_attention(query, key, value)
''',
        ),
    ),
)


@RULE.on(ast.Attribute, ast.ImportFrom)
def check(node: ast.AST, facts: Facts) -> Iterator[Report]:
    """One finding per name, or per import of it."""
    if isinstance(node, ast.Attribute):
        name = facts.linen_name(node) if node.attr in MOVED else None
        if name is not None and name in MOVED:
            yield node, {"name": _text.quote(node), "advice": _advice(MOVED[name], facts.names.parent(node), node)}
    elif isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").startswith("flax.linen"):
        for alias in node.names:
            binding = facts.names.module.bindings.get(alias.asname or alias.name, [])
            origins = [each.origin for each in binding if each.node is node]
            if alias.name in MOVED and f"{LINEN}{alias.name}" in origins:
                yield alias, {"name": alias.name, "advice": _advice(MOVED[alias.name], None, None)}


def _advice(moved: Moved, above: ast.AST | None, node: ast.AST | None) -> str:
    dropped = []
    if isinstance(above, ast.Call) and above.func is node:
        given = {**dict(zip(moved.args, above.args)), **{k.arg: k.value for k in above.keywords if k.arg}}
        dropped = [
            f"`{name}={_text.quote(value)}` goes: {moved.dropped[name]}"
            for name, value in given.items()
            if name in moved.dropped and ast.unparse(value) not in ("None", "False")
        ]
    if not moved.nnx:
        return f"has no twin in NNX: {moved.advice}"
    twin = f"is `{moved.nnx}` in NNX"
    if moved.advice:
        twin += f", {moved.advice}" if moved.advice.startswith("which") else f"; {moved.advice}"
    return "; ".join([twin, *dropped])
