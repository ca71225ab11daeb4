"""Training flags of a call.

Linen code passes a training flag with every `apply`; NNX can keep it in the call or set it as a mode.

**What it flags.** `train=`, `training=`, `is_training=`, `deterministic=` and `use_running_average=` of `apply` and
`init` of a Linen module, at the argument.

**Why.** Passing the flag on keeps the semantics. Native NNX code sets modes instead: `model.train()` and
`model.eval()` set `deterministic` and `use_running_average` of all layers.

**Caveats.** A flag that is passed beats the mode. NNX layers default to training where Linen raises, so one of the
two is needed for evaluation.

Source: Flax guide "Linen to NNX", section "Training step and compilation".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _calls, _text
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX315",
    "train-flag",
    "`{keyword}`: {advice}",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import flax.linen as nn


def predict(model: nn.Module, variables, x):
    return model.apply(variables, x, train=False)
''',
            nnx='''
from flax import nnx


def predict(model: nnx.Module, x):
    return model(x, train=False)
''',
            also=("NNX310",),
        ),
    ),
)


@RULE.on(ast.keyword)
def check(node: ast.keyword, facts: Facts) -> Iterator[Report]:
    """One finding per training flag."""
    found = _calls.keyword_of_call(node, facts, *_calls.FLAGS)
    if found is None:
        return
    call, model = found
    if model.kind in ("init", "lazy_init"):
        advice = "goes with `init`, the constructor takes no mode"
    else:
        name = _calls.called(model, facts)
        code = _calls.nnx_call(call, model, facts)
        advice = f"pass it on, `{code}`, or set the mode with `{_mode(node, name)}` before the call"
    yield node, {"keyword": _text.quote(node), "advice": advice}


def _mode(node: ast.keyword, model: str) -> str:
    value = node.value.value if isinstance(node.value, ast.Constant) else None
    if not isinstance(value, bool):
        return f"{model}.train()` or `{model}.eval()"
    trains = value if node.arg in ("train", "training", "is_training") else not value
    return f"{model}.train()" if trains else f"{model}.eval()"
