"""Lifted jit.

`nn.jit` compiles a module class or method; `nnx.jit` compiles functions and methods.

**What it flags.** `flax.linen.jit` around a class, a function or a method, at the call or decorator.

**Why.** `nnx.jit` takes no class. Put on a method, it takes `self` as an argument that it updates, which therefore
must not be among the static ones: position 0 and the name `self`, which Linen ignores, go.

**Caveats.** A model is usually compiled where it is used: `@nnx.jit` on the training step needs none on methods.
`variables=` and `rngs=` have no twin, since a module is one argument.

Source: Flax guide "Transforms"; signatures of `flax.linen.jit` and `flax.nnx.jit` 0.12.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _lifted, _lifted_axes, _text
from flake8_nnx.rules._lifted import Lift
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX505",
    "lifted-jit",
    "`{jit}`: {advice}",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import flax.linen as nn
from functools import partial


class Net(nn.Module):
    features: int

    @partial(nn.jit, static_argnames=("self", "train"))
    @nn.compact
    def __call__(self, x, train: bool):
        x = nn.Dense(self.features)(x)
        return nn.relu(x) if train else x
''',
            nnx='''
from flax import nnx


class Net(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, features, rngs=rngs)

    @nnx.jit(static_argnames=("train",))
    def __call__(self, x, train: bool):
        x = self.dense(x)
        return nnx.relu(x) if train else x
''',
            also=("NNX101", "NNX103", "NNX104", "NNX110"),
            init="Net(features=4)",
            args=("f32[2,3]",),
            kwargs={"train": False},
            train_kwargs={"train": True},
        ),
    ),
)


@RULE.on(ast.Module)
def check(_: ast.Module, facts: Facts) -> Iterator[Report]:
    """One finding per `nn.jit`."""
    for lift in _lifted.lifts(facts, "jit"):
        yield lift.place, {"jit": _text.quote(lift.place), "advice": _advice(lift, facts)}


def _advice(lift: Lift, facts: Facts) -> str:
    if lift.form == "value":
        return "`nnx.jit` takes functions, not classes: decorate the method, or the step that calls the model"
    kept = _options(lift)
    code = f"@nnx.jit({', '.join(kept)})" if kept else "@nnx.jit"
    name = _lifted.target_name(lift, facts)
    if lift.form == "class":
        methods = _lifted_axes.collections(lift.given.get("methods")) or ["__call__"]
        named = _text.listed([f"`{name}.{method}`" for method in methods])
        node = _lifted.unwrapped(lift.target, facts)
        if isinstance(node, ast.expr) and facts.linen_name(node) is not None:
            made = _lifted.constructor(lift, _lifted.run_of(lift, facts), facts)
            parts = [f"build `{made}` and put `{code}` on the step that calls it"]
        else:
            parts = [f"use `{name}` itself and put `{code}` on {named}, or on the step that calls it"]
    elif isinstance(lift.target, ast.FunctionDef):
        parts = [f"becomes `{code}`"]
    else:
        parts = [f"becomes `nnx.jit({', '.join([name, *kept])})`, whose first argument is the NNX module"]
    return "; ".join([*parts, *_lifted.dropped(lift)])


def _options(lift: Lift) -> list[str]:
    """The options without the module itself, which Linen ignores among the static ones and NNX does not take."""
    found = []
    for text in _lifted.options(lift, "static_argnums", "static_argnames", "donate_argnums", "device", "backend"):
        name, _, _ = text.partition("=")
        node = lift.given[name]
        if isinstance(node, (ast.Tuple, ast.List)):
            elements = [e for e in node.elts if not (isinstance(e, ast.Constant) and e.value in ("self", 0))]
            if len(elements) < len(node.elts):
                if not elements:
                    continue
                inner = ", ".join(map(_text.quote, elements)) + ("," if len(elements) == 1 else "")
                text = f"{name}=({inner})"
        elif isinstance(node, ast.Constant) and node.value in ("self", 0):
            continue
        found.append(text)
    return found
