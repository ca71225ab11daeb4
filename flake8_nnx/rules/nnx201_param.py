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
from flake8_nnx.rules import _own, _text, _traced
from flake8_nnx.rules._initial import argument, ignores_arguments, note, source
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX201",
    "self-param",
    "`{call}` becomes `{code}` in `__init__`{note}",
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
    given = _own.arguments(call, *PARAMETERS) if _own.own_call(call, facts, "param") else None
    if given is None:
        return
    name, initialiser = given
    rest = _own.others(call, *PARAMETERS)
    values = [node.value if isinstance(node, ast.keyword) else node for node in rest]
    if ignores_arguments(initialiser) and isinstance(initialiser, ast.Lambda):
        value, values = source(call, initialiser.body, facts), []
    else:
        made = source(call, initialiser, facts)
        callee = f"({made})" if isinstance(initialiser, ast.Lambda) else made
        value = f"{callee}({', '.join(['rngs.params()', *(argument(call, node, facts) for node in rest)])})"
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        cls = facts.linen_class(facts.names.enclosing(call, ast.ClassDef))
        name = ast.Constant(_text.param_name(name.value, _traced.taken(cls, facts)))
    code = _own.attribute(name, f"nnx.Param({value})")
    yield call, {"call": _text.quote(call), "code": code, "note": note(call, values, facts)}


PARAMETERS = ("name", "init_fn")
