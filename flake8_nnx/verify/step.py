"""One optimiser step on both sides: optax on the Linen parameters, `nnx.Optimizer(model, tx, wrt=nnx.Param)` on the NNX model.

With equal gradients and state after every call, equal steps from equal weights mean equal training by induction.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import optax
from flax import nnx

from flake8_nnx.verify.inputs import is_inexact
from flake8_nnx.verify.sides import NnxSide, Weights, flat, nested

# Linear in the gradients, so that a step is as well conditioned as they are; decay and momentum make it depend on more.
OPTIMISER = optax.chain(optax.add_decayed_weights(1e-2), optax.sgd(0.1, momentum=0.9))
Step = Callable[[Weights, Weights], Weights]


def linen_step(state: Weights, gradients: Weights) -> Weights:
    """The trained weights by path after one step from the state that a call left behind."""
    params, grads = (nested({path: tree[path] for path in gradients}) for tree in (state, gradients))
    updates, _ = OPTIMISER.update(grads, OPTIMISER.init(params), params)
    return flat(optax.apply_updates(params, updates))


def trained(path: tuple[Any, ...], variable: Any) -> bool:
    """Parameters that have gradients: whole numbers, as those of a quantised kernel, have none in Linen either."""
    return isinstance(variable, nnx.Param) and is_inexact(variable.get_value())


def nnx_step(new: NnxSide) -> Step:
    """The same by `nnx.Optimizer`, as migrated training code has it."""

    def step(state: Weights, gradients: Weights) -> Weights:
        model = new.model(state)
        optimizer = nnx.Optimizer(model, OPTIMISER, wrt=trained)
        before = dict(nnx.to_flat_state(nnx.state(model, trained)))
        names = {path: new.linen_paths.get(path) for path in before}
        grads = [  # what only other methods use has no gradient
            (path, before[path].replace(gradients[name] if name else jnp.zeros_like(before[path].get_value())))
            for path, name in names.items()
        ]
        optimizer.update(model, nnx.from_flat_state(grads))
        after = dict(nnx.to_flat_state(nnx.state(model, trained)))
        return {name: after[path].get_value() for path, name in names.items() if name}

    return step
