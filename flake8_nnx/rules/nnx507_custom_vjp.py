"""Lifted custom_vjp.

`nn.custom_vjp` takes all three functions at once; `nnx.custom_vjp` is a decorator with `defvjp`, as in jax.

**What it flags.** `flax.linen.custom_vjp`, at the call.

**Why.** In NNX the module is an argument of the function. Its backward function gets a pair of the gradients of the
changed inputs and of the output, and returns the gradient of the module as an `nnx.State`.

**Caveats.** `nnx.vjp(…, graph=False)` inside of the forward function gives the gradient of the module as a module:
return `nnx.state` of it.

Source: signatures of `flax.linen` and `flax.nnx` 0.12; run on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _lifted, _text
from flake8_nnx.rules._lifted import Lift
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX507",
    "lifted-custom-vjp",
    "`{call}`: {advice}",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import flax.linen as nn
import jax
import jax.numpy as jnp


class Signs(nn.Module):
    def setup(self):
        self.dense = nn.Dense(3)

    def __call__(self, x):
        def run(module, x):
            return module(x)

        def forward(module, x):
            return nn.vjp(run, module, x)

        def backward(vjp, y_grad):
            params_grad, x_grad = vjp(y_grad)
            return jax.tree.map(jnp.sign, params_grad), x_grad

        return nn.custom_vjp(run, forward_fn=forward, backward_fn=backward)(self.dense, x)
''',
            nnx='''
import jax
import jax.numpy as jnp
from flax import nnx


class Signs(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x):
        @nnx.custom_vjp
        def run(module, x):
            return module(x)

        def forward(module, x):
            return nnx.vjp(lambda module, x: module(x), module, x, graph=False)

        def backward(vjp, grads):
            _, y_grad = grads
            module_grad, x_grad = vjp(y_grad)
            return jax.tree.map(jnp.sign, nnx.state(module_grad)), x_grad

        run.defvjp(forward, backward)
        return run(self.dense, x)
''',
            also=("NNX102", "NNX103", "NNX110", "NNX506"),
            init="Signs()",
            args=("f32[2,4]",),
        ),
    ),
)


@RULE.on(ast.Module)
def check(_: ast.Module, facts: Facts) -> Iterator[Report]:
    """One finding per `nn.custom_vjp`."""
    for lift in _lifted.lifts(facts, "custom_vjp"):
        yield lift.place, {"call": _text.quote(lift.place), "advice": _advice(lift, facts)}


def _advice(lift: Lift, facts: Facts) -> str:
    if lift.form == "value":
        return "becomes `nnx.custom_vjp` of the function, with `defvjp` for the two others"
    name = _lifted.target_name(lift, facts) if lift.target is not None else "run"
    forward, backward = lift.given.get("forward_fn"), lift.given.get("backward_fn")
    kept = _lifted.options(lift, "nondiff_argnums")
    functions = ", ".join(_text.quote(node) if node is not None else "…" for node in (forward, backward))
    parts = [
        f"becomes `{name} = nnx.custom_vjp({', '.join([name, *kept])})` and `{name}.defvjp({functions})`; "
        "the backward function gets `(inputs_grad, output_grad)` and returns an `nnx.State` for the module"
    ]
    wanted = lift.text("grad_vars")
    if wanted not in (None, "'params'"):
        parts.append(f"`grad_vars={wanted}` goes: the state has all variables of the module")
    return "; ".join(parts)
