"""Random keys in a module.

A Linen module asks `make_rng` for a key of a stream that `apply` was given; an NNX module keeps the streams.

**What it flags.** Calls of `self.make_rng` and `self.has_rng` in a Linen module, at the call.

**Why.** NNX modules have neither. Keep a fork of the streams in `__init__` (`self.rngs = rngs.fork()`) and take
keys from it: `self.rngs.dropout()`.

**Caveats.** Without the fork, modules share one counter, so the keys of each depend on the others. A stream that was
not given at construction falls back to `default`, or raises.

Source: Flax guide "Randomness" and API page `flax.nnx.Rngs`.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _text
from flake8_nnx.rules._own import own_call, receiver
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX206",
    "make-rng",
    "`{call}` becomes `{code}`, with `self.rngs = rngs.fork()` in `__init__`",
    doc=__doc__,
    fix="safe",
    examples=(
        Example(
            linen='''
import flax.linen as nn
import jax


class Noise(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x + jax.random.normal(self.make_rng("noise"), x.shape)
''',
            nnx='''
from flax import nnx
import jax


class Noise(nnx.Module):
    def __init__(self, *, rngs: nnx.Rngs):
        self.rngs = rngs.fork()

    def __call__(self, x):
        return x + jax.random.normal(self.rngs.noise(), x.shape)
''',
            also=("NNX101", "NNX103"),
            init="Noise()",
            args=("f32[2,4]",),
            rngs=("noise",),
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per `self.make_rng(…)` or `self.has_rng(…)`."""
    if own_call(call, facts, "make_rng", "has_rng"):
        given = call.args[0] if call.args else next((k.value for k in call.keywords if k.arg == "name"), None)
        name = given.value if isinstance(given, ast.Constant) else None if given is not None else "params"
        rngs = f"{receiver(call)}.rngs"
        if isinstance(call.func, ast.Attribute) and call.func.attr == "has_rng":
            code = f"{_text.quote(given or call)} in {rngs}"
        else:
            code = f"{rngs}.{name}()" if isinstance(name, str) else f"{rngs}[{_text.quote(given or call)}]()"
        yield call, {"call": _text.quote(call), "code": code}
