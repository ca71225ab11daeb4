"""A model that is switched to evaluation inside of nnx.jit.

`nnx.jit` writes back what a function does to its arguments, and the mode of a model is part of it.

**What it flags.** `model.eval()` on a parameter of a function under `nnx.jit`, in a file that trains and that nowhere
calls `.train()`, at the call.

**Why.** After the first evaluation the model stays in evaluation mode: training goes on without dropout, and its running
statistics stand still. There is no error.

**Caveats.** `nnx.view(model, …)` is a model of its own on the same variables; without `raise_if_not_found=False` it refuses
flags that no layer of the model has.
A file that calls `.train()` somewhere is left alone.

Source: established by running it on flax 0.12.8.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules._jit import NNX_GRADS, NNX_JITS, parameter, wrapped
from flake8_nnx.rules._text import quote
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX828",
    "eval-under-jit",
    "`{call}` switches the model of the caller as well, and nothing switches it back: use "
    "`nnx.view({model}, deterministic=True, use_running_average=True, raise_if_not_found=False)`, "
    "or call `{model}.train()` in the training step",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
from flax import nnx


@nnx.jit
def train_step(model, optimizer, x):
    optimizer.update(model, nnx.grad(lambda model: model(x).sum())(model))


@nnx.jit
def eval_step(model, x):
    model.eval()
    return model(x)
''',
            nnx='''
from flax import nnx


@nnx.jit
def train_step(model, optimizer, x):
    optimizer.update(model, nnx.grad(lambda model: model(x).sum())(model))


@nnx.jit
def eval_step(model, x):
    model = nnx.view(model, deterministic=True, use_running_average=True, raise_if_not_found=False)
    return model(x)
''',
        ),
    ),
)


@RULE.on(ast.FunctionDef, ast.Call)
def check(node: ast.FunctionDef | ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per call of `eval`."""
    if not nnx.present(facts):
        return
    for found in wrapped(node, facts, *NNX_JITS):
        for call in ast.walk(found.function):
            func = call.func if isinstance(call, ast.Call) else None
            if not isinstance(func, ast.Attribute) or func.attr != "eval" or parameter(func.value, found.function, facts) is None:
                continue
            if _trains(facts):
                yield call, {"call": quote(call), "model": quote(func.value)}


def _trains(facts: Facts) -> bool:
    """Whether a file takes gradients by NNX, and switches no model to training."""
    nodes = [node for node in facts.names.nodes if isinstance(node, ast.Attribute)]
    return any(facts.origin(node) in NNX_GRADS for node in nodes) and not any(node.attr == "train" for node in nodes)
