"""Random streams by name, without the one for dropout.

`nnx.Rngs(0)` serves every stream; `nnx.Rngs(params=0)` has no other than the one that it names.

**What it flags.** `nnx.Rngs(params=…)` with no default stream and no `dropout`, given to a module that holds `nnx.Dropout`
with its default stream, at the streams.

**Why.** The constructor raises a KeyError. In Linen the stream is asked for at the call only, so that `init` with
`params` alone is enough.

**Caveats.** A class whose constructor is another file's is not looked into.

Source: established by running it on flax 0.12.8.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules._state import value
from flake8_nnx.rules._text import quote
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Facts

DEFAULTS = frozenset({"default", "dropout"})

RULE = Rule(
    "NNX834",
    "missing-stream",
    "`{streams}` has no stream `dropout`, which `{model}` needs: write `{new}`",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(0.5, rngs=rngs)


def make():
    return Net(nnx.Rngs(params=0))
''',
            nnx='''
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(0.5, rngs=rngs)


def make():
    return Net(nnx.Rngs(params=0, dropout=1))
''',
        ),
    ),
)


@RULE.on(ast.Call)
def check(call: ast.Call, facts: Facts) -> Iterator[Report]:
    """One finding per construction that lacks the stream."""
    ref = nnx.module_class(call.func, facts)
    if ref is None or ref.kind != "module":
        return
    for given in (*call.args, *(k.value for k in call.keywords)):
        made = value(given, facts)
        if not isinstance(made, ast.Call) or nnx.name(made.func, facts) != "Rngs" or made.args or not made.keywords:
            continue
        names = [k.arg for k in made.keywords]
        if None not in names and DEFAULTS.isdisjoint(names) and _needs_dropout(ref, facts):
            new = ast.Call(made.func, [], [*made.keywords, ast.keyword("dropout", ast.Constant(1))])
            yield given, {"streams": quote(made), "model": ref.name, "new": quote(new)}


def _needs_dropout(ref: nnx.Ref, facts: Facts) -> bool:
    """Whether a module makes an `nnx.Dropout`, and no layer with a stream of another name."""
    if not nnx.holds(ref, facts, "Dropout"):
        return False
    for node in facts.names.nodes:
        if isinstance(node, ast.keyword) and node.arg == "rng_collection":
            return False
        if isinstance(node, ast.Call) and nnx.name(node.func, facts) == "Rngs" and any(k.arg == "dropout" for k in node.keywords):
            return False
    return True
