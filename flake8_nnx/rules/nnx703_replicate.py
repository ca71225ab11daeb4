"""Replicated states.

`flax.jax_utils` copies a state to every device for `pmap`; NNX models are sharded or replicated by JAX itself.

**What it flags.** Uses of `replicate`, `unreplicate`, `pad_shard_unpad` and `partial_eval_by_shape` of
`flax.jax_utils`, at the name.

**Why.** A replicated model is one model whose arrays have a replicated sharding: `jax.device_put(nnx.state(model),
sharding)`, then `nnx.update`, and `nnx.jit` for the step.

**Caveats.** Batches are sharded with `jax.device_put(batch, NamedSharding(mesh, PartitionSpec('data')))`. Results
need no `unreplicate`.

Source: Flax guide "Scale up Flax NNX modules on multiple devices" and API page `flax.jax_utils`.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_nnx.rule import Example, Report, Rule
from flake8_nnx.rules import _text
from flake8_nnx.rules._linen_steps import uses
from flake8_nnx.source.linen import Facts

RULE = Rule(
    "NNX703",
    "replicate",
    "`{name}` is for `jax.pmap`: {advice}",
    doc=__doc__,
    fix="manual",
    examples=(
        Example(
            linen='''
from flax import jax_utils


def spread(state):
    return jax_utils.replicate(state)
''',
            nnx='''
import jax
from flax import nnx


def spread(model: nnx.Module, sharding):
    nnx.update(model, jax.device_put(nnx.state(model), sharding))
''',
        ),
    ),
)

ADVICE = {
    "flax.jax_utils.replicate": "`jax.device_put(nnx.state(model), sharding)` with a replicated sharding, then `nnx.update`",
    "flax.jax_utils.unreplicate": "goes, an array with a replicated sharding is one array",
    "flax.jax_utils.pad_shard_unpad": "pad the batch to a multiple of the devices and shard it with `jax.device_put`",
    "flax.jax_utils.partial_eval_by_shape": "`nnx.eval_shape(lambda: Model(..., rngs=nnx.Rngs(0)))` gives the shapes",
}


@RULE.on(ast.Module)
def check(_: ast.Module, facts: Facts) -> Iterator[Report]:
    """One finding per use."""
    for node, origin in uses(facts, ADVICE):
        yield node, {"name": _text.quote(node), "advice": ADVICE[origin]}
