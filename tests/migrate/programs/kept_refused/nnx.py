"""Train states that keep other parameters in ways that have no exact form: each is told."""
from typing import Any

from flax import nnx
import jax
import jax.numpy as jnp
import optax
from flax.training import train_state


class Linear(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 1, rngs=rngs)

    def __call__(self, x):
        return self.dense(x)


class HandedOut(train_state.TrainState):
    target_params: Any


class Both(train_state.TrainState):
    target_params: Any
    key: jax.Array


class OfSomething(train_state.TrainState):
    target_params: Any


class Exchanged(train_state.TrainState):
    target_params: Any


class OtherKey(train_state.TrainState):
    target_params: Any


def target_of(state):
    return state.target_params


def handed_out(x):
    model = Linear()
    params = model.init(jax.random.key(0), x)["params"]
    state = HandedOut.create(apply_fn=model.apply, params=params, target_params=params, tx=optax.sgd(0.1))
    return model.apply({"params": target_of(state)}, x)


def both_at_once(x):
    model = Linear()
    params = model.init(jax.random.key(0), x)["params"]
    state = Both.create(
        apply_fn=model.apply, params=params, target_params=params, key=jax.random.key(0), tx=optax.sgd(0.1)
    )
    state = state.replace(target_params=state.params, key=jax.random.key(1))
    return model.apply({"params": state.params}, x)


def of_something(x, make):
    model = Linear()
    params = model.init(jax.random.key(0), x)["params"]
    state = OfSomething.create(apply_fn=model.apply, params=params, target_params=params, tx=optax.sgd(0.1))
    state = state.replace(target_params=make(x))
    return model.apply({"params": state.params}, x)


def exchanged(x):
    model = Linear()
    params = model.init(jax.random.key(0), x)["params"]
    state = Exchanged.create(apply_fn=model.apply, params=params, target_params=params, tx=optax.sgd(0.1))
    state = state.replace(params=state.target_params)
    return model.apply({"params": state.params}, x)


def other_key(x):
    model = Linear()
    return OtherKey.create(
        apply_fn=model.apply, params=model.init(jax.random.key(0), x), target_params=model.init(jax.random.key(1), x),
        tx=optax.sgd(0.1),
    )
