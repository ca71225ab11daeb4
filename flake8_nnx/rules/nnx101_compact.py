"""Compact methods.

NNX modules create their submodules once, in `__init__`; Linen's `@nn.compact` creates them inside the call.

**What it flags.** The `@nn.compact` decorator of a method, at the decorator.

**Why.** Linen derives sizes lazily from the input, so a compact method can create layers as it goes. NNX wants sizes
when a layer is built: a compact method becomes a constructor (sizes, layers, `rngs`) and a call (arithmetic only). A
decorator that is left on an `nnx.Module` does nothing, and layers created in its call are new at every call.

**Caveats.** Layers created in a loop become an `nnx.List`; layers created only for some inputs have no NNX twin and
must be created always, or chosen by a constructor argument.

Source: Flax guide "Linen to NNX", section "Basic Module definition".
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _text
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX101",
    "compact-method",
    "`@{decorator}` on `{cls}.{method}`: {advice}",
    doc=__doc__,
    fix="safe",
    examples=(
        Example(
            linen='''
import flax.linen as nn


class MLP(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        x = nn.relu(nn.Dense(self.features)(x))
        return nn.Dense(1)(x)
''',
            nnx='''
from flax import nnx


class MLP(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.dense_0 = nnx.Linear(in_features, features, rngs=rngs)
        self.dense_1 = nnx.Linear(features, 1, rngs=rngs)

    def __call__(self, x):
        x = nnx.relu(self.dense_0(x))
        return self.dense_1(x)
''',
            also=("NNX103", "NNX104", "NNX110"),
            init="MLP(features=8)",
            args=("f32[2,4]",),
        ),
        Example(
            linen='''
import jax.numpy as jnp
from flax import linen as nn


class Scale(nn.Module):
    @nn.compact
    def __call__(self, x):
        return jnp.tanh(x) * 2
''',
            nnx='''
import jax.numpy as jnp
from flax import nnx


class Scale(nnx.Module):
    def __call__(self, x):
        return jnp.tanh(x) * 2
''',
            also=("NNX103",),
            init="Scale()",
            args=("f32[2,4]",),
        ),
    ),
)


@RULE.on(ast.FunctionDef)
def check(method: ast.FunctionDef, facts: Facts) -> Iterator[Report]:
    """One finding per method decorated with `flax.linen.compact`."""
    decorator = facts.compact_decorator(method)
    cls = facts.linen_class(facts.names.parent(method))
    if decorator is None or cls is None:
        return
    created = _text.created_layers(method, facts)
    if created:
        advice = f"create {_text.listed(created)} in `__init__` and keep the arithmetic in `{method.name}`"
    elif _creates_variables(method):
        advice = f"create the variables in `__init__` and keep the arithmetic in `{method.name}`"
    else:
        advice = f"delete the decorator, `{method.name}` creates nothing"
    yield decorator, {
        "decorator": _text.quote(decorator), "cls": cls.name, "method": method.name, "advice": advice
    }


def _creates_variables(method: ast.FunctionDef) -> bool:
    """Whether the method calls `self.param` or `self.variable`."""
    calls = (node.func for node in ast.walk(method) if isinstance(node, ast.Call))
    return any(ast.unparse(func) in ("self.param", "self.variable") for func in calls if isinstance(func, ast.Attribute))
