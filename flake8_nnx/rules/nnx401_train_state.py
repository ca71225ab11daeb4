"""Train states.

A `TrainState` carries parameters, optimizer state and the step; in NNX the model carries the first, an
`nnx.Optimizer` the others.

**What it flags.** Calls of `TrainState.create` and classes that derive from `TrainState`, at the call or the base.

**Why.** `nnx.Optimizer(model, tx, wrt=nnx.Param)` holds `opt_state` and `step`. What subclasses add, statistics or
random keys, is in the model already.

**Caveats.** `wrt=` is required from flax 0.11 on. A loop that keeps several states (an average, a target network)
keeps several models: make copies with `nnx.clone`, assignment is an alias.

Source: Flax guide "Linen to NNX", section "Training step", and API page `flax.nnx.Optimizer`.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _text
from flake8_nnx.rules._linen_steps import of_nnx
from flake8_nnx.source.clues import TRAIN_STATE, train_state
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX401",
    "train-state",
    "`{place}`: {advice}",
    doc=__doc__,
    fix="review",
    examples=(
        Example(
            linen='''
import optax
from flax.training.train_state import TrainState


def create(params, apply_fn):
    return TrainState.create(apply_fn=apply_fn, params=params, tx=optax.adam(1e-3))
''',
            nnx='''
import optax
from flax import nnx


def create(model: nnx.Module):
    return nnx.Optimizer(model, optax.adam(1e-3), wrt=nnx.Param)
''',
        ),
        Example(
            linen='''
from typing import Any

from flax.training import train_state


class TrainState(train_state.TrainState):
    batch_stats: Any
''',
            nnx='''
from flax import nnx


def create(model: nnx.Module, tx):
    return nnx.Optimizer(model, tx, wrt=nnx.Param)
''',
        ),
    ),
)


@RULE.on(ast.Call, ast.ClassDef)
def check(node: ast.AST, facts: Facts) -> Iterator[Report]:
    """One finding per state that is created, and per class of states."""
    if of_nnx(facts):
        return
    if isinstance(node, ast.ClassDef):
        for base in node.bases:
            if facts.origin(base) == TRAIN_STATE:
                fields = [s.target.id for s in node.body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)]
                kept = f"; the model holds {_text.listed([f'`{name}`' for name in fields])}" if fields else ""
                yield base, {"place": _text.quote(base), "advice": f"no class is needed, `nnx.Optimizer` is the state{kept}"}
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "create":
        if train_state(node, facts):
            tx = next((k.value for k in node.keywords if k.arg == "tx"), None)
            code = f"nnx.Optimizer(model, {_text.quote(tx) if tx is not None else 'tx'}, wrt=nnx.Param)"
            yield node, {"place": _text.quote(node.func), "advice": f"becomes `{code}`"}
