"""Lifted control flow.

`nn.cond`, `nn.switch` and `nn.while_loop` take the module apart from the operands; in NNX it is one of them.

**What it flags.** Calls of these functions of `flax.linen`, at the call.

**Why.** `nnx.cond` and `nnx.switch` take the arguments in the same order. `nnx.while_loop` has one value, so the loop
carries the pair of module and value, and both functions take that pair.

**Caveats.** `variables=`, `rngs=`, `carry_variables=`, `broadcast_variables=` and `split_rngs=` have no twin: changes of
the module and of its random streams are kept. All layers exist before, so no branch has to run for initialisation.

Source: signatures of `flax.linen` and `flax.nnx` 0.12; run on flax 0.12.8 and 0.12.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _lifted, _text
from flake8_nnx.rules._lifted import Lift
from flake8_nnx.source.linen import Facts

NAMES = ("cond", "switch", "while_loop")

RULE = Rule(
    "NNX508",
    "lifted-control-flow",
    "`{call}`: {advice}",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import flax.linen as nn


class Choice(nn.Module):
    def setup(self):
        self.dense = nn.Dense(4)

    def __call__(self, x):
        x = self.dense(x)
        double = lambda module, x: 2 * module.dense(x)
        return nn.cond(x.sum() > 0, lambda module, x: module.dense(x), double, self, x)
''',
            nnx='''
from flax import nnx


class Choice(nnx.Module):
    def __init__(self, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(4, 4, rngs=rngs)

    def __call__(self, x):
        x = self.dense(x)
        double = lambda module, x: 2 * module.dense(x)
        return nnx.cond(x.sum() > 0, lambda module, x: module.dense(x), double, self, x)
''',
            also=("NNX102", "NNX103", "NNX110"),
            init="Choice()",
            args=("f32[2,4]",),
        ),
        Example(
            linen='''
import flax.linen as nn


class Loop(nn.Module):
    def setup(self):
        self.dense = nn.Dense(4)

    def __call__(self, x):
        x = self.dense(x)

        def goes_on(module, carry):
            return carry[0] < 3

        def step(module, carry):
            turn, x = carry
            return turn + 1, module.dense(x)

        return nn.while_loop(goes_on, step, self, (0, x))[1]
''',
            nnx='''
from flax import nnx


class Loop(nnx.Module):
    def __init__(self, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(4, 4, rngs=rngs)

    def __call__(self, x):
        x = self.dense(x)

        def goes_on(state):
            module, carry = state
            return carry[0] < 3

        def step(state):
            module, (turn, x) = state
            return module, (turn + 1, module.dense(x))

        return nnx.while_loop(goes_on, step, (self, (0, x)))[1][1]
''',
            also=("NNX102", "NNX103", "NNX110"),
        ),
    ),
)


@RULE.on(ast.Module)
def check(_: ast.Module, facts: Facts) -> Iterator[Report]:
    """One finding per lifted `cond`, `switch` or `while_loop`."""
    for lift in _lifted.lifts(facts, *NAMES):
        yield lift.place, {"call": _text.quote(lift.place), "advice": _advice(lift, facts)}


def _advice(lift: Lift, facts: Facts) -> str:
    call, name = lift.place, lift.transform.nnx
    if lift.form == "value" or not isinstance(call, ast.Call):
        return f"becomes `{name}`, with the module among the operands"
    if lift.transform.linen == "while_loop":
        given = [lift.target, *(lift.given.get(key) for key in ("body_fn", "mdl", "init"))]
        texts = [_text.quote(node) if node is not None else "…" for node in given]
        module = given[2]
        texts[2] = _lifted.module_text(module, facts) if isinstance(module, ast.expr) else texts[2]
        gone = [f"`{key}=`" for key in ("carry_variables", "broadcast_variables", "split_rngs") if key in lift.given]
        tail = [f"{_text.listed(gone)} {'goes' if len(gone) == 1 else 'go'}: the module keeps all its changes"] if gone else []
        code = f"{name}({texts[0]}, {texts[1]}, ({texts[2]}, {texts[3]}))"
        return "; ".join([f"becomes `{code}`: both functions take this pair, and the second returns it", *tail])
    size = 4 if lift.transform.linen == "cond" else 3
    shown = [_text.quote(arg) for arg in call.args[:size]]
    if len(shown) == size and not any(text.startswith("*") for text in shown):
        shown[-1] = _lifted.module_text(call.args[size - 1], facts)
    named = [f"{key}={_text.quote(value)}" for key, value in lift.given.items() if _is_keyword(call, key) and key not in GONE]
    code = f"{name}({', '.join([*shown, *map(_text.quote, call.args[size:]), *named])})"
    return "; ".join([f"becomes `{code}`", *_lifted.dropped(lift)])


GONE = ("variables", "rngs")


def _is_keyword(call: ast.Call, name: str) -> bool:
    return any(keyword.arg == name for keyword in call.keywords)
