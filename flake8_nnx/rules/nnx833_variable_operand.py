"""A variable as an operand of jax.lax.

Functions of `jax.numpy` take an `nnx.Param` for its array; those of `jax.lax` do not.

**What it flags.** `jax.lax.dot_general`, `dot`, `conv_general_dilated` and the like, and the arithmetic of `jax.lax`,
given a variable of an NNX module, at the variable.

**Why.** They raise a ValueError about `__jax_array__`. In Linen `self.param` is the array itself.

**Caveats.** `self.kernel[...]` is the array.

Source: established by running it on flax 0.12.8 and jax 0.10.2.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules._jit import is_kind
from flake8_nnx.rules._text import quote
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

OPERATIONS = frozenset(
    "add batch_matmul conv conv_general_dilated conv_transpose conv_with_general_padding div dot dot_general mul sub".split()
)

RULE = Rule(
    "NNX833",
    "variable-operand",
    "`{call}` takes arrays, and `{variable}` is a variable: write `{variable}[...]`",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import jax
import jax.numpy as jnp
from flax import nnx


class Net(nnx.Module):
    def __init__(self):
        self.kernel = nnx.Param(jnp.ones((2, 2)))

    def __call__(self, x):
        return jax.lax.dot_general(x, self.kernel, (((1,), (0,)), ((), ())))
''',
            nnx='''
import jax
import jax.numpy as jnp
from flax import nnx


class Net(nnx.Module):
    def __init__(self):
        self.kernel = nnx.Param(jnp.ones((2, 2)))

    def __call__(self, x):
        return jax.lax.dot_general(x, self.kernel[...], (((1,), (0,)), ((), ())))
''',
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per operand."""
    origin = facts.origin(call.func) or ""
    if not origin.startswith("jax.lax.") or origin[len("jax.lax."):] not in OPERATIONS or not nnx.present(facts):
        return
    for operand in call.args[:2]:
        if is_kind(operand, facts, "variable"):
            yield operand, {"call": quote(call.func), "variable": quote(operand)}
