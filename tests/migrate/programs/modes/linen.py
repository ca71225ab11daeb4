"""Modes are set where models are called, and outside of what jax compiles."""
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from flax.training import train_state


class Net(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x, train: bool = False):
        x = nn.BatchNorm(use_running_average=not train)(nn.Dense(self.features)(x))
        return nn.Dense(1)(nn.relu(x))[..., 0]


class BatchState(train_state.TrainState):
    batch_stats: dict


def create_state(key, x):
    model = Net(8)
    variables = model.init(key, x)
    return BatchState.create(
        apply_fn=model.apply, params=variables["params"], batch_stats=variables["batch_stats"], tx=optax.sgd(0.1)
    )


@jax.jit
def train_step(state, x, y):
    def loss_fn(params):
        variables = {"params": params, "batch_stats": state.batch_stats}
        out, updates = state.apply_fn(variables, x, train=True, mutable=["batch_stats"])
        return jnp.mean((out - y) ** 2), updates

    (loss, updates), grads = jax.value_and_grad(loss_fn, has_aux=True)(state.params)
    state = state.apply_gradients(grads=grads, batch_stats=updates["batch_stats"])
    return state, loss


@jax.jit
def eval_step(state, x, y):
    out = state.apply_fn({"params": state.params, "batch_stats": state.batch_stats}, x)
    return jnp.mean((out - y) ** 2)


@partial(jax.jit, static_argnums=2)
def outputs(state, x, train):
    # only the caller knows
    variables = {"params": state.params, "batch_stats": state.batch_stats}
    out, updates = state.apply_fn(variables, x, train=train, mutable=["batch_stats"])
    state = state.replace(batch_stats=updates["batch_stats"])
    return state, out


def evaluate(state, batches):
    losses = []
    for x, y in batches:
        losses.append(eval_step(state, x, y))
    return jnp.mean(jnp.asarray(losses))


def fit(state, batches, epochs):
    history = []
    for epoch in range(epochs):
        for x, y in batches:
            state, loss = train_step(state, x, y)
        history.append(loss)
        if epoch % 2:
            history.append(evaluate(state, batches))
    x, y = batches[1]
    state, _ = train_step(state, x, y)
    if epochs > 2:
        history.append(eval_step(state, x, y))
    else:
        # by hand
        history.append(eval_step(state, y[:, None] * x, y))
    history.append(eval_step(state, x, -y))
    return state, history


def run(key, batches, epochs):
    state = create_state(key, batches[0][0])
    state, history = fit(state, batches, epochs)
    state, trained = outputs(state, batches[0][0], True)
    state, evaluated = outputs(state, batches[0][0], False)
    return history, trained, evaluated
