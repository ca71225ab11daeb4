"""`nnx.Rngs` as a default argument.

A default argument is made once: all calls that leave it out draw from the same stream of random keys.

**What it flags.** Parameters with a default of `nnx.Rngs(…)`, at the default.

**Why.** What a call makes depends on the calls before it, so that the same code gives other weights in another order.
Used under `nnx.jit` or another transform, the stream comes from outside of it and raises an error.

**Caveats.** Pass `rngs` in every call, or take `None` and make the stream in the function.

Source: established by running it on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules._text import quote
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX821",
    "default-rngs",
    "`{name}={default}` is one stream for all calls of `{function}`: pass it in every call, or make it in the function",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
from flax import nnx


def make(rngs=nnx.Rngs(0)):
    return nnx.Linear(2, 2, rngs=rngs)
''',
            nnx='''
from flax import nnx


def make(rngs=None):
    rngs = nnx.Rngs(0) if rngs is None else rngs
    return nnx.Linear(2, 2, rngs=rngs)
''',
        ),
    ),
)


@RULE.on(ast.FunctionDef, ast.Lambda)
def check(function: ast.FunctionDef | ast.Lambda, facts: Facts) -> Iterator[Report]:
    """One finding per default."""
    given = function.args
    names = [*given.posonlyargs, *given.args]
    pairs = list(zip(names[len(names) - len(given.defaults):], given.defaults))
    pairs += [(arg, default) for arg, default in zip(given.kwonlyargs, given.kw_defaults) if default is not None]
    for arg, default in pairs:
        if isinstance(default, ast.Call) and nnx.name(default.func, facts) == "Rngs":
            called = function.name if isinstance(function, ast.FunctionDef) else "lambda"
            yield default, {"name": arg.arg, "default": quote(default), "function": called}
