"""Batch statistics in a train state of one's own, evaluated with those of training."""
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from flax.training.train_state import TrainState


class Net(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x, train: bool = True):
        x = nn.Dense(self.features)(x)
        x = nn.BatchNorm(use_running_average=not train, momentum=0.9)(x)
        return nn.Dense(1)(nn.relu(x))[..., 0]

    def penalty(self, x):
        return jnp.square(self(x, train=False)).mean()


class BatchState(TrainState):
    batch_stats: Any


@jax.jit
def step(state, x, y):
    def loss_fn(params):
        variables = {"params": params, "batch_stats": state.batch_stats}
        out, updates = state.apply_fn(variables, x, mutable=["batch_stats"])
        return jnp.square(out - y).mean(), updates

    grad_fn = jax.value_and_grad(loss_fn, has_aux=True)
    (loss, updates), grads = grad_fn(state.params)
    state = state.apply_gradients(grads=grads, batch_stats=updates["batch_stats"])
    return state, loss


@jax.jit
def evaluate(state, x, y):
    variables = {"params": state.params, "batch_stats": state.batch_stats}
    out = state.apply_fn(variables, x, train=False, mutable=False)
    penalty = state.apply_fn(variables, x, method=Net.penalty)
    return jnp.square(out - y).mean() + penalty


def train(x, y, steps=3):
    net = Net(features=8)
    variables = net.init(jax.random.PRNGKey(1), x)
    state = BatchState.create(
        apply_fn=net.apply,
        params=variables["params"],
        batch_stats=variables["batch_stats"],
        tx=optax.sgd(0.1),
    )
    losses = []
    for _ in range(steps):
        state, loss = step(state, x, y)
        losses.append(loss)
    return losses, evaluate(state, x, y)
