"""Train states that keep other parameters beside their own: a target network, an average of the weights."""
import math
from typing import Any

import flax
import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from flax.training import train_state


def spread(key, shape, dtype=jnp.float32):
    return jnp.sin(jnp.arange(math.prod(shape), dtype=dtype)).reshape(shape)


class QNetwork(nn.Module):
    actions: int

    @nn.compact
    def __call__(self, x):
        x = nn.tanh(nn.Dense(5, kernel_init=spread)(x))
        return nn.Dense(self.actions, kernel_init=spread)(x)


class TrainState(train_state.TrainState):
    target_params: flax.core.FrozenDict


class EmaState(train_state.TrainState):
    ema_params: Any
    key: jax.Array


def q_learning(x, y, steps=4, tau=0.3):
    q_network = QNetwork(actions=2)
    q_key = jax.random.key(0)
    q_state = TrainState.create(
        apply_fn=q_network.apply,
        params=q_network.init(q_key, x),
        target_params=q_network.init(q_key, x),
        tx=optax.adam(learning_rate=0.1),
    )

    @jax.jit
    def update(q_state, x, y):
        q_next = q_network.apply(q_state.target_params, x).max(axis=-1)
        wanted = y + 0.9 * q_next

        def mse_loss(params):
            q_pred = q_network.apply(params, x)[:, 0]
            return ((q_pred - wanted) ** 2).mean(), q_pred

        (loss, q_pred), grads = jax.value_and_grad(mse_loss, has_aux=True)(q_state.params)
        q_state = q_state.apply_gradients(grads=grads)
        return loss, q_pred, q_state

    found = []
    for i in range(steps):
        loss, q_pred, q_state = update(q_state, x, y)
        found += [loss, q_pred]
        # Every other step.
        if i % 2:
            q_state = q_state.replace(target_params=optax.incremental_update(q_state.params, q_state.target_params, tau))
    return found, q_network.apply(q_state.target_params, x)


@jax.jit
def train_step(state: EmaState, x, y):
    key = jax.random.fold_in(state.key, state.step)

    def loss_fn(params):
        noise = jax.random.normal(key, x.shape)
        return jnp.square(state.apply_fn({"params": params}, x + 0.1 * noise)[:, 0] - y).mean()

    loss, grads = jax.value_and_grad(loss_fn)(state.params)
    new_state = state.apply_gradients(grads=grads)
    decay = jnp.minimum(0.9, (1 + new_state.step) / (10 + new_state.step))
    new_state = new_state.replace(
        ema_params=jax.tree.map(lambda e, p: decay * e + (1 - decay) * p, state.ema_params, new_state.params)
    )
    return new_state, loss


def averages(x, y, steps=4):
    model = QNetwork(actions=1)
    params = model.init(jax.random.key(0), x)["params"]
    state = EmaState.create(
        apply_fn=model.apply, params=params, ema_params=params, key=jax.random.key(3), tx=optax.sgd(0.1, momentum=0.9)
    )
    losses = []
    for _ in range(steps):
        state, loss = train_step(state, x, y)
        losses.append(loss)
    state = state.replace(key=jax.random.key(4))
    losses.append(state.apply_fn({"params": state.ema_params}, x))
    return losses


def hard_updates(x, y, steps=4):
    model = QNetwork(actions=1)
    params = model.init(jax.random.key(0), x)["params"]
    state = TrainState.create(apply_fn=model.apply, params=params, target_params=params, tx=optax.sgd(0.1))
    outputs = []
    for i in range(steps):
        wanted = y + 0.5 * state.apply_fn({"params": state.target_params}, x)[:, 0]
        grads = jax.grad(lambda params: jnp.square(model.apply({"params": params}, x)[:, 0] - wanted).mean())(state.params)
        state = state.apply_gradients(grads=grads)
        if i == 1:
            state = state.replace(target_params=state.params)
        outputs.append(state.apply_fn({"params": state.target_params}, x))
    return outputs


def read_later(x, y):
    model = QNetwork(actions=1)
    params = model.init(jax.random.key(0), x)["params"]
    state = TrainState.create(apply_fn=model.apply, params=params, target_params=params, tx=optax.sgd(0.1))
    before = state.target_params
    state = state.replace(target_params=jax.tree.map(jnp.tanh, state.target_params))
    return model.apply({"params": before}, x), model.apply({"params": state.target_params}, x)
