"""A model that is evaluated in training mode.

`nnx.BatchNorm` and `nnx.Dropout` are made for training, and stay so until `model.eval()`.

**What it flags.** In functions whose name says that they evaluate (`evaluate`, `predict`, `valid_step`, …), calls of
an NNX model that holds `nnx.BatchNorm` or `nnx.Dropout`, when the same file makes the model, calls the function and
never changes a mode or gives a flag, at the call.

**Why.** Linen raises where `use_running_average` or `deterministic` is missing; NNX drops units at random, normalises by
the batch, and moves the running statistics towards the data of the evaluation. There is no error.

**Caveats.** A file with any `.eval()`, `.train()` or `nnx.view`, or with a flag `deterministic` or
`use_running_average`, is left alone, and so are functions that another file calls.

Source: Flax guide "Linen to NNX", section "Dropout and BatchNorm"; established by running it on flax 0.12.8.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _modes
from flake8_nnx.rules._given import is_called, model_calls
from flake8_nnx.rules._text import quote
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

EVALUATING = frozenset(
    "eval evaluate evaluation infer inference predict predictions test valid validate validation".split()
)

RULE = Rule(
    "NNX826",
    "never-eval",
    "`{call}` evaluates in training mode: call `{model}.eval()` before, or use `nnx.view({model}, {flags})`",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.norm = nnx.BatchNorm(2, rngs=rngs)

    def __call__(self, x):
        return self.norm(x)


def evaluate(model, x):
    return model(x)


def run(x):
    model = Net(nnx.Rngs(0))
    evaluate(model, x)
    return model
''',
            nnx='''
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.norm = nnx.BatchNorm(2, rngs=rngs)

    def __call__(self, x):
        return self.norm(x)


def evaluate(model, x):
    return model(x)


def run(x):
    model = Net(nnx.Rngs(0))
    model.eval()
    evaluate(model, x)
    return model
''',
        ),
    ),
)


@RULE.on(ast.FunctionDef)
def check(function: ast.FunctionDef, facts: Facts) -> Iterator[Report]:
    """One finding per call of a model."""
    if not nnx.present(facts) or EVALUATING.isdisjoint(function.name.lower().split("_")) or _modes.switched(facts):
        return
    if is_called(function, facts):
        for call, ref in model_calls(function, facts):
            what = _modes.changes(ref, facts)
            if what:
                flags = "use_running_average=True" if what == _modes.STATISTICS else "deterministic=True"
                yield call, {"call": quote(call), "model": quote(call.func), "flags": flags}
