"""Checkpoints of Linen programs in their migrations and back: `checkpoint.py NAME LINEN_DIR NNX_DIR …`.

The Linen program trains for a few steps and saves with Orbax; the migrated one loads that, evaluates, trains on, and goes back.
"""
from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
import optax
import orbax.checkpoint as ocp
import standins
from flax import nnx
from flax.training.train_state import TrainState
from recorder import variable_map
from run import modules_of, overlaid
from settings import PROGRAMS, digits

from flake8_nnx.verify import linen_variables, load_linen_variables

STEPS = 3


def vae():
    """Both sides trained and evaluated by their own `train_step` and `eval_f`."""
    batches, images = list(digits(STEPS, 4)), next(digits(1, 8))
    z, key = jax.random.normal(jax.random.key(3), (2, 3)), jax.random.key(4)

    def start(old):
        model = old.models.model(3)
        params = model.init(jax.random.key(0), batches[0], key)["params"]
        return TrainState.create(apply_fn=model.apply, params=params, tx=optax.adam(1e-3))

    def train(old, state):
        for batch in batches:
            state = old.train.train_step(state, batch, key, 3)
        return state

    return SimpleNamespace(
        modules=("models", "train"), cls="VAE", start=start, train=train,
        evaluate=lambda old, params: old.train.eval_f(params, images, z, key, 3),
        model=lambda new: new.models.VAE(784, 3, rngs=nnx.Rngs(9)),
        train_on=lambda new, model, optimizer: new.train.train_step(model, optimizer, batches[0], key),
        evaluate_new=lambda new, model: new.train.eval_f(model, images, z, key),
    )  # fmt: skip


def ppo():
    """Both sides trained by `ppo_lib.train_step` and evaluated by `agent.policy_action`."""
    numbers = np.random.default_rng(0)
    frames = numbers.integers(0, 255, (4, 84, 84, 4)).astype(np.float32)
    rest = [numbers.standard_normal(4).astype(np.float32) for _ in range(3)]
    trajectories = (frames, np.arange(4), *rest)
    options = {"clip_param": 0.1, "vf_coeff": 0.5, "entropy_coeff": 0.01}

    def start(old):
        model = old.models.ActorCritic(4)
        params = old.ppo_lib.get_initial_params(jax.random.key(0), model)
        config = SimpleNamespace(decaying_lr_and_clip_param=False, learning_rate=1e-3)
        return old.ppo_lib.create_train_state(params, model, config, 10)

    def train(old, state):
        for _ in range(STEPS):
            state, _ = old.ppo_lib.train_step(state, trajectories, 4, **options)
        return state

    return SimpleNamespace(
        modules=("models", "agent", "ppo_lib"), cls="ActorCritic", start=start, train=train,
        evaluate=lambda old, params: old.agent.policy_action(old.models.ActorCritic(4).apply, params, frames),
        model=lambda new: new.models.ActorCritic((84, 84, 4), 4, rngs=nnx.Rngs(9)),
        train_on=lambda new, model, optimizer: new.ppo_lib.train_step(model, optimizer, trajectories, 4, **options),
        evaluate_new=lambda new, model: new.agent.policy_action(model, frames),
    )  # fmt: skip


SIDES = {"vae": vae, "ppo": ppo}


def loaded(name, modules, folder):
    with modules_of(folder, PROGRAMS[name]) as load:
        return SimpleNamespace(**{module: load(module) for module in modules})


def through(name, linen_folder, nnx_folder, scratch):
    """Which evaluations agree bit for bit."""
    side = SIDES[name]()
    with overlaid(linen_folder, nnx_folder) as whole:
        old, new = (loaded(name, side.modules, folder) for folder in (linen_folder, whole))
    names = variable_map(nnx_folder, side.cls)
    state = side.train(old, side.start(old))
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(scratch / "linen", {"params": state.params})
        checkpointer.wait_until_finished()
        variables = checkpointer.restore(scratch / "linen")

    model = side.model(new)
    untrained = side.evaluate_new(new, model)
    load_linen_variables(model, variables, names)
    found = {"name": name, "trained": not same(untrained, side.evaluate_new(new, model))}
    found["there"] = same(side.evaluate(old, state.params), side.evaluate_new(new, model))

    side.train_on(new, model, nnx.Optimizer(model, optax.adam(1e-3), wrt=nnx.Param))
    back = linen_variables(model, jax.eval_shape(lambda: variables), names)
    found["moved"] = not same(back, variables)
    found["back"] = same(side.evaluate(old, back["params"]), side.evaluate_new(new, model))
    found["refused"] = refusals(side, new, variables, names)
    return found


def refusals(side, new, variables, names):
    """What is said of a checkpoint that lacks a variable, and of one that has one more."""
    (first, *_), *_ = jax.tree_util.tree_flatten_with_path(variables["params"])[0][0]
    less = {key: value for key, value in variables["params"].items() if key != first.key}
    said = []
    for params in (less, {**variables["params"], "more": {"kernel": np.zeros(2, np.float32)}}):
        try:
            load_linen_variables(side.model(new), {"params": params}, names)
            said.append(None)
        except ValueError as error:
            said.append(str(error))
    return said


def same(first, second):
    """Whether two trees hold the same bits."""
    a, b = jax.tree.leaves(first), jax.tree.leaves(second)
    return len(a) == len(b) and all(np.asarray(x).tobytes() == np.asarray(y).tobytes() for x, y in zip(a, b))


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_disable_most_optimizations", True)
    standins.install()
    for name, linen, nnx_folder in zip(*[iter(sys.argv[1:])] * 3):
        with tempfile.TemporaryDirectory() as scratch:
            print(json.dumps(through(name, Path(linen).resolve(), Path(nnx_folder).resolve(), Path(scratch))), flush=True)
