"""Averages of weights and target networks beside the parameters that are trained, and descent by hand."""
import functools
import math

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from flax.training.train_state import TrainState


def spread(key, shape, dtype=jnp.float32):
    return jnp.sin(jnp.arange(math.prod(shape), dtype=dtype)).reshape(shape)


class QNetwork(nn.Module):
    actions: int

    @nn.compact
    def __call__(self, x):
        x = nn.tanh(nn.Dense(5, kernel_init=spread)(x))
        return nn.Dense(self.actions, kernel_init=spread)(x)


def polyak(x, y, steps=4):
    model = QNetwork(2)
    params = model.init(jax.random.key(0), x)["params"]
    target_params = params
    tx = optax.adam(0.1)
    opt_state = tx.init(params)

    def loss_fn(params, target_params):
        wanted = y[:, None] + 0.9 * model.apply({"params": target_params}, x).max(axis=-1, keepdims=True)
        return jnp.square(model.apply({"params": params}, x) - wanted).mean()

    @jax.jit
    def step(params, target_params, opt_state):
        loss, grads = jax.value_and_grad(loss_fn)(params, target_params)
        updates, opt_state = tx.update(grads, opt_state)
        params = optax.apply_updates(params, updates)
        target_params = optax.incremental_update(params, target_params, 0.2)
        return params, target_params, opt_state, loss

    losses = []
    for _ in range(steps):
        params, target_params, opt_state, loss = step(params, target_params, opt_state)
        losses.append(loss)
    return losses, model.apply({"params": params}, x), model.apply({"params": target_params}, x)


def averaged(x, y, steps=4):
    model = QNetwork(1)
    params = model.init(jax.random.key(0), x)["params"]
    ema_params = params

    @jax.jit
    def gradients(params):
        return jax.grad(lambda params: jnp.square(model.apply({"params": params}, x)[:, 0] - y).mean())(params)

    outputs = []
    for i in range(steps):
        grads = gradients(params)
        params = jax.tree.map(lambda p, g: p - 0.1 * g, params, grads)
        decay = min(0.9, (1 + i) / (10 + i))
        ema_params = jax.tree.map(lambda e, p: decay * e + (1 - decay) * p, ema_params, params)
        outputs.append(model.apply({"params": ema_params}, x))
    return outputs, params


@functools.partial(jax.jit, static_argnums=3)
def late(params, target, count, period):
    return optax.periodic_update(params, target, count, period)


def periodic(x, y, steps=4):
    model = QNetwork(1)
    tx = optax.sgd(0.1)
    params = model.init(jax.random.key(0), x)
    target = params
    opt_state = tx.init(params)
    outputs = []
    for i in range(steps):
        wanted = y[:, None] + 0.5 * model.apply(target, x)
        grads = jax.grad(lambda params: jnp.square(model.apply(params, x) - wanted).mean())(params)
        updates, opt_state = tx.update(grads, opt_state, params)
        params = optax.apply_updates(params, updates)
        target = late(params, target, i, 2)
        outputs.append(model.apply(target, x))
    return outputs


def ascent(x, y, steps=3):
    model = QNetwork(1)
    params = model.init(jax.random.key(0), x)["params"]
    for _ in range(steps):
        grads = jax.grad(lambda params: (y[:, None] * model.apply({"params": params}, x)).mean())(params)
        params = optax.apply_updates(params, jax.tree.map(lambda g: 0.1 * g, grads))
    return model.apply({"params": params}, x)


def gradients_beside(x, y):
    model = QNetwork(2)
    params = model.init(jax.random.key(0), x)["params"]
    target = params

    def loss_fn(params, target):
        return (jnp.square(model.apply({"params": params}, x)) - model.apply({"params": target}, x)).mean()

    return jax.grad(loss_fn)(params, target)


@jax.jit
def learn(state: TrainState, target_params, x, y):
    wanted = y[:, None] + 0.5 * state.apply_fn({"params": target_params}, x)

    def loss_fn(params):
        return jnp.square(state.apply_fn({"params": params}, x) - wanted).mean()

    loss, grads = jax.value_and_grad(loss_fn)(state.params)
    return state.apply_gradients(grads=grads), loss


def with_state(x, y, steps=4):
    model = QNetwork(1)
    state = TrainState.create(apply_fn=model.apply, params=model.init(jax.random.key(0), x)["params"], tx=optax.adam(0.1))
    target_params = state.params
    losses = []
    for _ in range(steps):
        state, loss = learn(state, target_params, x, y)
        target_params = optax.incremental_update(state.params, target_params, 0.3)
        losses.append(loss)
    return losses, state.apply_fn({"params": target_params}, x)
