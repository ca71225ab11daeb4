"""Parameters of a module's own.

A Linen module makes a parameter with `self.param` when it is first called; an NNX module holds an `nnx.Param` from
its constructor on.

**What it flags.** Calls of `self.param` in a Linen module, at the call.

**Why.** NNX modules have no `param` method. The initialiser is called once, in `__init__`, with a key of the `params`
stream.

**Caveats.** A shape that Linen takes from the input must be given to the constructor. Reads of the parameter by
functions of `jax.lax` need the array: `self.kernel[...]`.

Source: Flax guide "Linen to NNX", section "Variable creation".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _text
from flake8_nnx.rules._own import own_call
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX201",
    "self-param",
    "`{call}` becomes `{code}` in `__init__`",
    doc=__doc__,
    fix="safe",
    examples=(
        Example(
            linen='''
import flax.linen as nn


class Scale(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x * self.param("scale", nn.initializers.ones, (4,))
''',
            nnx='''
from flax import nnx


class Scale(nnx.Module):
    def __init__(self, *, rngs: nnx.Rngs):
        self.scale = nnx.Param(nnx.initializers.ones(rngs.params(), (4,)))

    def __call__(self, x):
        return x * self.scale[...]
''',
            also=("NNX101", "NNX103"),
            init="Scale()",
            args=("f32[2,4]",),
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per `self.param(…)`."""
    if own_call(call, facts, "param") and len(call.args) >= 2:
        name, initialiser, *rest = call.args
        attribute = name.value if isinstance(name, ast.Constant) and str(name.value).isidentifier() else "param"
        made = _text.nnx_source(initialiser, facts)
        callee = f"({made})" if isinstance(initialiser, ast.Lambda) else made
        arguments = ", ".join(["rngs.params()", *(_text.nnx_source(a, facts) for a in rest)])
        code = _text.one_line(f"self.{attribute!s} = nnx.Param({callee}({arguments}))")
        yield call, {"call": _text.quote(call), "code": code}
