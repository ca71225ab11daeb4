"""Gradients.

Linen code differentiates by a dictionary of parameters; NNX code differentiates by the model.

**What it flags.** `jax.grad` and `jax.value_and_grad` over a function of the file that calls `apply` or `apply_fn` of
a Linen module, at the transform.

**Why.** `nnx.value_and_grad(loss_fn)(model, batch)` gives gradients for the `nnx.Param` of the model and keeps what
the call writes, such as batch statistics.

**Caveats.** `jax.grad` over an NNX model drops those writes. Name others than parameters with
`argnums=nnx.DiffState(0, filter)`.

Source: Flax guide "Linen to NNX", section "Training step", and API page `flax.nnx.value_and_grad`.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _text
from flake8_nnx.rules._jit import GRADS, wrapped
from flake8_nnx.rules._linen_steps import runs_model
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX403",
    "linen-gradient",
    "`{transform}` differentiates {function}, which runs a Linen model: use `{code}` with the model as the argument{aux}",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import jax
import flax.linen as nn


def grads(model: nn.Module, params, x):
    def loss_fn(params):
        return model.apply({"params": params}, x).mean()

    return jax.value_and_grad(loss_fn)(params)
''',
            nnx='''
from flax import nnx


def grads(model: nnx.Module, x):
    def loss_fn(model: nnx.Module):
        return model(x).mean()

    return nnx.value_and_grad(loss_fn)(model)
''',
            also=("NNX310",),
        ),
    ),
)


@RULE.on(ast.FunctionDef, ast.Call)
def check(node: ast.AST, facts: Facts) -> Iterator[Report]:
    """One finding per transform of such a function."""
    for each in wrapped(node, facts, *GRADS):
        if runs_model(each.function, facts):
            name = getattr(each.function, "name", "")
            code = each.wrapper.origin.replace("jax.", "nnx.")
            has_aux = each.wrapper.options.get("has_aux")
            aux = ", still with `has_aux=True`" if isinstance(has_aux, ast.Constant) and has_aux.value is True else ""
            function = f"`{name}`" if name else "a function"
            yield each.place, {"transform": _text.quote(each.place), "function": function, "code": code, "aux": aux}
