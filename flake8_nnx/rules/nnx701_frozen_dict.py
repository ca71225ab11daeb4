"""Frozen dictionaries.

Linen variables are dictionaries, frozen ones in older code; the state of an NNX model is an `nnx.State`.

**What it flags.** Uses of `FrozenDict`, `freeze` and `unfreeze` of flax, at the name.

**Why.** A state needs no thawing to be changed: set attributes of the model, or `nnx.update(model, state)`.

**Caveats.** Where a frozen dictionary of something else is meant (a static field of a config), keep it:
`flax.core.FrozenDict` stays in flax. Files that name neither Linen nor any variables (`params`, `batch_stats`, …) are left
alone.

Source: API pages `flax.core.frozen_dict` and `flax.nnx.State`.
"""
from __future__ import annotations

import ast
import functools
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _text
from flake8_nnx.rules._linen_steps import of_nnx, uses
from flake8_nnx.source.linen import LINEN, Facts

RULE = Rule(
    "NNX701",
    "frozen-dict",
    "`{name}` goes: {advice}",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
from flax.core import freeze, unfreeze


def scaled(variables, factor):
    variables = unfreeze(variables)
    variables["params"]["scale"] = variables["params"]["scale"] * factor
    return freeze(variables)
''',
            nnx='''
from flax import nnx


def scaled(model: nnx.Module, factor):
    model.scale[...] = model.scale[...] * factor
''',
        ),
    ),
)

STATE = "`nnx.State` takes its place, and plain dictionaries elsewhere"
PLACES = ("flax.core.", "flax.core.frozen_dict.", "flax.linen.")
ADVICE = {
    "freeze": "an NNX state is not frozen",
    "unfreeze": "an NNX state is not frozen; change the model, or `nnx.update(model, state)`",
    "FrozenDict": STATE,
}
ORIGINS = {place + name: name for place in PLACES for name in ADVICE}


@RULE.on(ast.Module)
def check(_: ast.Module, facts: Facts) -> Iterator[Report]:
    """One finding per use."""
    for node, origin in uses(facts, ORIGINS):
        # Code of NNX may keep hashable settings in one.
        if origin.startswith(LINEN) or (not of_nnx(facts) and _has_variables(facts)):
            yield node, {"name": _text.quote(node), "advice": ADVICE[ORIGINS[origin]]}


WORDS = frozenset("params variables batch_stats opt_state collections intermediates train_state".split())


@functools.lru_cache(maxsize=4)
def _has_variables(facts: Facts) -> bool:
    """Whether a file imports Linen or names variables of a model: else its dictionaries hold something else."""
    for node in facts.names.nodes:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            if "linen" in ast.unparse(node) or "flax.training" in ast.unparse(node):
                return True
        name = getattr(node, "id", None) or getattr(node, "attr", None) or getattr(node, "arg", None)
        if isinstance(name, str) and any(name == word or name.endswith(f"_{word}") for word in WORDS):
            return True
        if isinstance(node, ast.Constant) and node.value in WORDS:
            return True
    return False
