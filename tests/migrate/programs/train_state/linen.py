"""A classifier with dropout: factory, initial parameters, train state, compiled steps."""
import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from flax.training import train_state


class MLP(nn.Module):
    hidden: int
    classes: int

    @nn.compact
    def __call__(self, x, train: bool):
        x = nn.relu(nn.Dense(self.hidden)(x))
        x = nn.Dropout(0.5)(x, deterministic=not train)
        return nn.Dense(self.classes)(x)


def make_model(config):
    return MLP(hidden=config["hidden"], classes=config["classes"])


def initial_params(key, model, size):
    # The batch size does not matter here.
    sample = jnp.ones((1, size))
    return model.init(key, sample, train=False)["params"]


def create_state(key, model, config) -> train_state.TrainState:
    params = initial_params(key, model, config["size"])
    tx = optax.adam(config["learning_rate"])
    return train_state.TrainState.create(apply_fn=model.apply, params=params, tx=tx)


@functools.partial(jax.jit, static_argnums=3, donate_argnums=(0,))
def train_step(state: train_state.TrainState, batch, key, classes):
    key = jax.random.fold_in(key, state.step)

    def loss_fn(params):
        logits = state.apply_fn({"params": params}, batch["x"], train=True, rngs={"dropout": key})
        labels = jax.nn.one_hot(batch["y"], classes)
        return optax.softmax_cross_entropy(logits, labels).mean(), logits

    (loss, logits), grads = jax.value_and_grad(loss_fn, has_aux=True)(state.params)
    norm = optax.tree.norm(grads)
    new_state = state.apply_gradients(grads=grads)
    return new_state, {"loss": loss, "norm": norm, "weights": optax.tree.norm(new_state.params)}


@jax.jit
def accuracy(params, batch, model=None):
    logits = MLP(hidden=8, classes=3).apply({"params": params}, batch["x"], train=False)
    return (logits.argmax(-1) == batch["y"]).mean()


def train(batches, steps=3):
    config = {"hidden": 8, "classes": 3, "size": 4, "learning_rate": 1e-2}
    key = jax.random.key(0)
    init_key, dropout_key = jax.random.split(key)
    model = make_model(config)
    state = create_state(init_key, model, config)
    losses = []
    for batch in batches[:steps]:
        state, metrics = train_step(state, batch, dropout_key, 3)
        losses.append(metrics["loss"])
    return state, losses
