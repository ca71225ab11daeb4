"""Checkpoints.

`flax.training.checkpoints` saves train states; NNX models are saved with Orbax.

**What it flags.** Uses of `save_checkpoint`, `save_checkpoint_multiprocess`, `restore_checkpoint` and
`latest_checkpoint` of `flax.training.checkpoints`, at the name.

**Why.** Orbax saves and restores `nnx.state(model)`; restored into `nnx.eval_shape(...)` it needs no initialised
model.

**Caveats.** Old checkpoints keep Linen's paths. They are loaded once through the variable map of the migration, then
saved anew.

Source: Flax guide "Save and load checkpoints" and API page `flax.training.checkpoints`.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _text
from flake8_nnx.rules._linen_steps import uses
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX705",
    "flax-checkpoints",
    "`{name}`: {advice}",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
from flax.training import checkpoints


def save(directory, state, step):
    checkpoints.save_checkpoint(directory, state, step)
''',
            nnx='''
import orbax.checkpoint as ocp
from flax import nnx


def save(directory, model: nnx.Module):
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(directory, nnx.state(model))
''',
        ),
    ),
)

SAVE = "save `nnx.state(model)` with `orbax.checkpoint.StandardCheckpointer`"
MODULE = "flax.training.checkpoints."
ADVICE = {
    MODULE + "save_checkpoint": SAVE,
    MODULE + "save_checkpoint_multiprocess": SAVE,
    MODULE + "restore_checkpoint": "restore `nnx.state(model)` with `orbax.checkpoint.StandardCheckpointer`, then `nnx.update`",
    MODULE + "latest_checkpoint": "`orbax.checkpoint.CheckpointManager(directory).latest_step()`",
}


@RULE.on(ast.Module)
def check(_: ast.Module, facts: Facts) -> Iterator[Report]:
    """One finding per use."""
    for node, origin in uses(facts, ADVICE):
        yield node, {"name": _text.quote(node), "advice": ADVICE[origin]}
