"""Lifted gradients.

`nn.grad`, `nn.value_and_grad`, `nn.vjp` and `nn.jvp` take the module apart from the inputs; in NNX it is an input.

**What it flags.** Calls of these functions of `flax.linen`, at the call.

**Why.** `nnx.grad` and `nnx.value_and_grad` return a function, as those of jax do, and `argnums` says that the
gradients of the inputs are wanted and not those of the module, which is argument 0. `nnx.vjp` and `nnx.jvp` take the
module among the primals; its gradients and tangents are modules themselves.

**Caveats.** `nnx.vjp` and `nnx.jvp` need `graph=False` in flax 0.12, which loses changes of the module. Where the
function changes it, take the gradient of `nnx.merge(graphdef, params, rest, copy=True)` with `jax.vjp`.

Source: signatures of `flax.linen` and `flax.nnx` 0.12; run on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _lifted, _text
from flake8_nnx.rules._lifted import Lift
from flake8_nnx.source.linen import Facts

NAMES = ("grad", "value_and_grad", "vjp", "jvp")

RULE = Rule(
    "NNX506",
    "lifted-grad",
    "`{call}`: {advice}",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import flax.linen as nn


class Energy(nn.Module):
    def setup(self):
        self.dense = nn.Dense(3)

    def __call__(self, x):
        return nn.grad(lambda module, x: (module(x) ** 2).sum(), self.dense, x)
''',
            nnx='''
from flax import nnx


class Energy(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x):
        return nnx.grad(lambda module, x: (module(x) ** 2).sum(), argnums=(1,))(self.dense, x)
''',
            also=("NNX102", "NNX103", "NNX110"),
            init="Energy()",
            args=("f32[2,4]",),
        ),
        Example(
            linen='''
import flax.linen as nn
import jax.numpy as jnp


class Backward(nn.Module):
    def setup(self):
        self.dense = nn.Dense(3)

    def __call__(self, x):
        y, backward = nn.vjp(lambda module, x: module(x), self.dense, x)
        params_grad, x_grad = backward(jnp.ones_like(y))
        return y, x_grad
''',
            nnx='''
import jax.numpy as jnp
from flax import nnx


class Backward(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x):
        y, backward = nnx.vjp(lambda module, x: module(x), self.dense, x, graph=False)
        params_grad, x_grad = backward(jnp.ones_like(y))
        return y, x_grad
''',
            also=("NNX102", "NNX103", "NNX110"),
            init="Backward()",
            args=("f32[2,4]",),
        ),
    ),
)


@RULE.on(ast.Module)
def check(_: ast.Module, facts: Facts) -> Iterator[Report]:
    """One finding per lifted gradient."""
    for lift in _lifted.lifts(facts, *NAMES):
        yield lift.place, {"call": _text.quote(lift.place), "advice": _advice(lift, facts)}


def _advice(lift: Lift, facts: Facts) -> str:
    call, name = lift.place, lift.transform.nnx
    args = call.args if isinstance(call, ast.Call) else []
    if lift.form == "value" or len(args) < 2 or any(isinstance(arg, ast.Starred) for arg in args[:2]):
        return f"becomes `{name}`, with the module as argument 0 of the function"
    function, module = _source(args[0]), _lifted.module_text(args[1], facts)
    kept = _lifted.options(lift, "has_aux", "reduce_axes")
    if lift.transform.linen == "jvp":
        return _jvp(lift, function, module)
    inputs = ", ".join([module, *(_source(arg) for arg in args[2:])])
    if lift.transform.linen == "vjp":
        code = f"nnx.vjp({', '.join([function, inputs, *kept, 'graph=False'])})"
        parts = [f"becomes `{code}`, whose backward function gives a module of gradients first"]
        wanted = lift.text("vjp_variables")
        if wanted not in (None, "'params'"):
            parts.append(f"`vjp_variables={wanted}` goes: take those variables from that module")
    else:
        starred = any(isinstance(arg, ast.Starred) for arg in args[2:])
        numbers = ", ".join(str(i) for i in range(1, len(args) - 1)) + ("," if len(args) == 3 else "")
        argnums = "argnums= of the inputs" if starred or len(args) == 2 else f"argnums=({numbers})"
        parts = [f"becomes `{name}({', '.join([function, argnums, *kept])})({inputs})`"]
    return "; ".join([*parts, *_lifted.dropped(lift)])


def _jvp(lift: Lift, function: str, module: str) -> str:
    primals, tangents = lift.given.get("primals"), lift.given.get("tangents")
    before = _joined(module, primals)
    moved = "tangent"
    after = _joined(moved, tangents)
    text = lift.text("variable_tangents")
    zeros = text is None or text in ("{}", "None")
    made = f"jax.tree.map(jnp.zeros_like, {module})" if zeros else f"a module like `{module}` that holds `{text}`"
    made = f"`{moved} = {made}`" if zeros else f"`{moved}` is {made}"
    return "; ".join([f"becomes `nnx.jvp({function}, {before}, {after}, graph=False)`, where {made}", *_lifted.dropped(lift)])


def _joined(first: str, rest: ast.expr | None) -> str:
    """`(module, x)` for `(x,)`."""
    if isinstance(rest, (ast.Tuple, ast.List)):
        return f"({', '.join([first, *map(_source, rest.elts)])})"
    return f"({first}, *{_text.quote(rest)})" if rest is not None else f"({first}, …)"


def _source(node: ast.expr) -> str:
    return _text.quote(node)
