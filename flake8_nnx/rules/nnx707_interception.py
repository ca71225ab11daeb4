"""Interception.

Linen can run code around every method of every module; NNX modules are plain objects that can be looked through and
changed.

**What it flags.** Uses of `flax.linen.intercept_methods`, and `module_paths` of a Linen module, at the name or call.

**Why.** `nnx.iter_modules(model)` yields every path and submodule, which can be replaced by setting an attribute;
`nnx.capture` collects what methods return.

**Caveats.** A context that intercepts calls has no twin: wrap the submodules that matter.

Source: API pages `flax.linen.intercept_methods`, `flax.nnx.iter_modules` and `flax.nnx.capture`.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _text
from flake8_nnx.rules._linen_steps import uses
from flake8_nnx.source.linen import LINEN, Facts

RULE = Rule(
    "NNX707",
    "interception",
    "`{name}`: {advice}",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
import flax.linen as nn


def doubled(model: nn.Module, variables, x, interceptor):
    with nn.intercept_methods(interceptor):
        return model.apply(variables, x)
''',
            nnx='''
from flax import nnx


def kinds(model: nnx.Module):
    return {path: type(module) for path, module in nnx.iter_modules(model)}
''',
            also=("NNX310",),
        ),
    ),
)

ADVICE = "no twin; `nnx.capture(model, method_outputs=nnx.Intermediate)` collects outputs, attributes can be replaced"


@RULE.on(ast.Module)
def check(_: ast.Module, facts: Facts) -> Iterator[Report]:
    """One finding per use."""
    for node, _name in uses(facts, (LINEN + "intercept_methods",)):
        yield node, {"name": _text.quote(node), "advice": ADVICE}


@RULE.on(ast.Attribute)
def paths(node: ast.Attribute, facts: Facts) -> Iterator[Report]:
    """One finding per `model.module_paths`."""
    if node.attr == "module_paths" and facts.instance(node.value):
        yield node, {"name": _text.quote(node), "advice": "`nnx.iter_modules(model)` yields paths and submodules"}
