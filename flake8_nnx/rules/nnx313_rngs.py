"""Random keys of a call.

Linen gets keys with every `apply`; an NNX model has streams that count on.

**What it flags.** The `rngs=` argument of `apply` of a Linen module, at the argument.

**Why.** Give the streams to the constructor. Each call takes the next key of a stream, so masks differ from call to
call without a key being passed.

**Caveats.** To repeat a call with the same keys, reset the streams with `nnx.reseed`. It finds streams by name: the
dropout of a model built with `nnx.Rngs(0)` draws from the stream `default`, which `nnx.reseed(model, dropout=key)`
does not reach.

Source: Flax guide "Linen to NNX", section "Training step and compilation".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _calls, _text
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.literals import is_none

RULE = Rule(
    "NNX313",
    "apply-rngs",
    "`{keyword}` goes: give the streams to the constructor, `rngs={streams}`, or repeat these draws with `{reseed}`",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import flax.linen as nn


def train(model: nn.Module, variables, key, x):
    return model.apply(variables, x, rngs={"dropout": key})
''',
            nnx='''
from flax import nnx


def train(model: nnx.Module, key, x):
    nnx.reseed(model, dropout=key)
    return model(x)
''',
            also=("NNX310",),
        ),
    ),
)


@RULE.on(ast.keyword)
def check(node: ast.keyword, facts: Facts) -> Iterator[Report]:
    """One finding per `rngs=` of an `apply`."""
    found = _calls.keyword_of_call(node, facts, "rngs")
    if found is None or found[1].kind not in ("apply", "apply_fn", "bind") or _none(node.value):
        return
    streams = _calls.streams(node.value, facts)
    key = _calls.seed(node.value, facts)
    model = _calls.called(found[1], facts)
    # The stream of the parameters stays as it is, unless it is given here as well.
    rngs = f"nnx.Rngs({key})" if streams is None else f"nnx.Rngs({'' if 'params=' in streams else '..., '}{streams})"
    reseed = f"nnx.reseed({model}, {streams or f'default={key}'})"
    yield node, {"keyword": _text.quote(node), "streams": rngs, "reseed": reseed}


def _none(node: ast.expr) -> bool:
    return is_none(node) or (isinstance(node, ast.Dict) and not node.keys)
