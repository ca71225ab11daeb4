"""A program whose model has a layer without a twin in NNX."""
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import linen as nn
from flax.training import train_state


class Patches(nn.Module):
    """Stays Linen: NNX has no layer with weights of their own for each place."""

    features: int

    @nn.compact
    def __call__(self, x):
        return nn.relu(nn.ConvLocal(self.features, (3,))(x))


class Net(nn.Module):
    classes: int

    @nn.compact
    def __call__(self, x, train: bool = False):
        x = Patches(4)(x)
        x = nn.BatchNorm(use_running_average=not train, momentum=0.9)(x)
        return nn.Dense(self.classes)(x.mean(axis=1))


class TrainState(train_state.TrainState):
    batch_stats: Any


def create_state(key, x):
    model = Net(classes=3)
    variables = model.init(key, x, train=False)
    return TrainState.create(
        apply_fn=model.apply, params=variables["params"], batch_stats=variables["batch_stats"], tx=optax.sgd(0.1)
    )


@jax.jit
def step(state, x, y):
    def loss_fn(params):
        logits, updates = state.apply_fn(
            {"params": params, "batch_stats": state.batch_stats}, x, train=True, mutable=["batch_stats"]
        )
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean(), updates

    (loss, updates), grads = jax.value_and_grad(loss_fn, has_aux=True)(state.params)
    state = state.apply_gradients(grads=grads, batch_stats=updates["batch_stats"])
    return state, loss


def train(batches):
    state = create_state(jax.random.key(0), jnp.zeros((1, 6, 2)))
    losses = []
    for x, y in batches:
        state, loss = step(state, x, y)
        losses.append(loss)
    return state, losses


def logits(x):
    model = Net(3)
    variables = Net(3).init(jax.random.key(1), x)
    return model.apply(variables, x)


def hidden(key, x):
    patches = Patches(4)
    params = patches.init({"params": key}, x)["params"]
    return patches.apply({"params": params}, x)
