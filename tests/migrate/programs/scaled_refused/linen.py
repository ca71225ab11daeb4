"""Train states with fields of their own, and scaled losses, that have no exact form: each is told."""
import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from flax import struct
from flax.training import dynamic_scale, train_state


class Net(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.BatchNorm(use_running_average=False)(nn.Dense(2)(x))


class ScaledState(train_state.TrainState):
    batch_stats: Any
    scale: dynamic_scale.DynamicScale


class StaticState(train_state.TrainState):
    name: str = struct.field(pytree_node=False)


class MethodState(train_state.TrainState):
    key: jax.Array

    def next_key(self):
        return jax.random.fold_in(self.key, self.step)


class AverageState(train_state.TrainState):
    average: Any


class DeviceState(train_state.TrainState):
    key: jax.Array


class KnownState(train_state.TrainState):
    key: jax.Array


def static(x):
    model = Net()
    params = model.init(jax.random.key(0), x)["params"]
    return StaticState.create(apply_fn=model.apply, params=params, tx=optax.sgd(0.1), name="a")


def with_methods(x):
    model = Net()
    params = model.init(jax.random.key(0), x)["params"]
    return MethodState.create(apply_fn=model.apply, params=params, tx=optax.sgd(0.1), key=jax.random.key(0))


def with_parameters(x):
    model = Net()
    params = model.init(jax.random.key(0), x)["params"]
    return AverageState.create(apply_fn=model.apply, params=params, tx=optax.sgd(0.1), average=jax.tree.map(jnp.zeros_like, params))


def known_elsewhere(x):
    model = Net()
    params = model.init(jax.random.key(0), x)["params"]
    return KnownState.create(apply_fn=model.apply, params=params, tx=optax.sgd(0.1), key=jax.random.key(0))


def is_known(state):
    return isinstance(state, KnownState)


def on_every_device(x, grads):
    model = Net()
    params = model.init(jax.random.key(0), x)["params"]
    state = DeviceState.create(apply_fn=model.apply, params=params, tx=optax.sgd(0.1), key=jax.random.key(0))
    return jax.pmap(functools.partial(own_key, 1), axis_name="batch", in_axes=(0, None))(state, grads)


def own_key(seed, state, grads):
    key = jax.random.fold_in(state.key, seed + jax.lax.axis_index("batch"))
    return state.apply_gradients(grads=grads).replace(key=key)


def scaled_on_every_device(x):
    model = Net()
    variables = model.init(jax.random.key(0), x)
    state = ScaledState.create(
        apply_fn=model.apply, params=variables["params"], batch_stats=variables["batch_stats"], tx=optax.sgd(0.1),
        scale=dynamic_scale.DynamicScale(),
    )
    return jax.pmap(scaled_apart, axis_name="batch", in_axes=(0, None))(state, x)


def scaled_apart(state, x):
    def loss_fn(params):
        return state.apply_fn({"params": params, "batch_stats": state.batch_stats}, x).mean()

    scale, _, _, grads = state.scale.value_and_grad(loss_fn)(state.params)
    return state.apply_gradients(grads=jax.lax.pmean(grads, "batch"), scale=scale)


def field_of_nobody(state: ScaledState):
    return state.scale


def loss_outside(params, state, x):
    return state.apply_fn({"params": params, "batch_stats": state.batch_stats}, x, mutable=["batch_stats"])[0].mean()


def scaled_outside(state: ScaledState, x):
    return state.scale.value_and_grad(functools.partial(loss_outside, state=state, x=x))(state.params)


def scaled_by_both(state: ScaledState, x):
    def loss_fn(params, batch_stats):
        out, new = state.apply_fn({"params": params, "batch_stats": batch_stats}, x, mutable=["batch_stats"])
        return out.mean(), new

    return state.scale.value_and_grad(loss_fn, has_aux=True)(state.params, state.batch_stats)[2][0]


def changed_inside_of_the_loss(state: ScaledState, x):
    def loss_fn(params):
        def forward(x):
            return state.apply_fn({"params": params, "batch_stats": state.batch_stats}, x, mutable=["batch_stats"])

        out, new = forward(x)
        return out.mean(), new

    _, _, (_, new), grads = state.scale.value_and_grad(loss_fn, has_aux=True)(state.params)
    return state.apply_gradients(grads=grads, batch_stats=new["batch_stats"])


def loss_after_the_update(state: ScaledState, x):
    def loss_fn(params):
        return state.apply_fn({"params": params, "batch_stats": state.batch_stats}, x).mean()

    grad_fn = state.scale.value_and_grad(loss_fn)
    _, _, _, grads = grad_fn(state.params)
    new_state = state.apply_gradients(grads=grads)
    return new_state, grad_fn(new_state.params)[2]


def old_statistics(state: ScaledState, grads, ok):
    new_state = state.apply_gradients(grads=grads)
    select = functools.partial(jnp.where, ok)
    return new_state.replace(batch_stats=jax.tree.map(select, new_state.batch_stats, state.batch_stats))


def never_renewed(state: train_state.TrainState, several, ok):
    new_state = state
    for grads in several:
        new_state = new_state.apply_gradients(grads=grads)
        new_state = new_state.replace(params=jax.tree.map(functools.partial(jnp.where, ok), new_state.params, state.params))
    return new_state


def in_another_branch(state: train_state.TrainState, grads, ok):
    new_state = state
    if grads is not None:
        new_state = state.apply_gradients(grads=grads)
    return new_state.replace(params=jax.tree.map(functools.partial(jnp.where, ok), new_state.params, state.params))


def optimizer_kept(state: train_state.TrainState, grads, ok):
    old = state.opt_state
    new_state = state.apply_gradients(grads=grads)
    return new_state.replace(opt_state=jax.tree.map(functools.partial(jnp.where, ok), new_state.opt_state, old))


def other_trees(state: train_state.TrainState, grads):
    state = state.apply_gradients(grads=grads)
    return state.replace(params=jax.tree.map(jnp.add, state.params, grads))


def from_the_start(state: train_state.TrainState):
    return state.replace(step=0)


def in_an_expression(state: train_state.TrainState, small):
    return small or state.replace(params=jax.tree.map(jnp.tanh, state.params))
