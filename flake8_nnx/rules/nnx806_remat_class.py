"""Remat of a class.

`nnx.remat(Block)` rematerialises the construction of a block, not its call.

**What it flags.** `nnx.remat`, `jax.checkpoint` and `jax.remat` of an NNX module class, at the call or decorator.

**Why.** Linen's transforms take classes and lift their `__call__`. The transforms of NNX and JAX take functions: given
a class, they transform its constructor. The model computes the same and saves no memory at all.

**Caveats.** `nnx.remat` as a decorator of `__call__`, or around a function that calls the block, does what is meant.

Source: Flax guide "Linen to NNX", section on transforms; established by running it on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules._jit import wrapper
from flake8_nnx.rules._text import quote
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

REMATS = ("flax.nnx.remat", "flax.nnx.checkpoint", "jax.checkpoint", "jax.remat", "jax.ad_checkpoint.checkpoint")

RULE = Rule(
    "NNX806",
    "remat-of-class",
    "`{remat}` of the class `{cls}` rematerialises its construction: decorate its `__call__` with `@nnx.remat`",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import jax.numpy as jnp
from flax import nnx


class Block(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.layer = nnx.Linear(2, 2, rngs=rngs)

    def __call__(self, x):
        return jnp.sin(self.layer(x))


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.block = nnx.remat(Block)(rngs)

    def __call__(self, x):
        return self.block(x)
''',
            nnx='''
import jax.numpy as jnp
from flax import nnx


class Block(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.layer = nnx.Linear(2, 2, rngs=rngs)

    @nnx.remat
    def __call__(self, x):
        return jnp.sin(self.layer(x))


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.block = Block(rngs)

    def __call__(self, x):
        return self.block(x)
''',
        ),
    ),
)


@RULE.on(ast.Call, ast.ClassDef)
def check(node: ast.Call | ast.ClassDef, facts: Facts) -> Iterator[Report]:
    """One finding per class that is rematerialised."""
    if isinstance(node, ast.ClassDef):
        for decorator in node.decorator_list:
            if wrapper(decorator, facts, *REMATS) and _is_module(nnx.local_class(node, facts)):
                yield decorator, {"remat": f"@{quote(decorator)}", "cls": node.name}
    elif node.args and facts.origin(node.func) in REMATS and _is_module(nnx.module_class(node.args[0], facts)):
        yield node, {"remat": quote(node.func), "cls": quote(node.args[0])}


def _is_module(ref: nnx.Ref | None) -> bool:
    return ref is not None and ref.kind == "module"
