"""A compiled training step with batch statistics, dropout and an optax optimiser."""
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from flax.training import train_state


class Classifier(nn.Module):
    """A perceptron with batch normalisation and dropout."""

    hidden_features: int
    num_classes: int

    @nn.compact
    def __call__(self, x, train: bool):
        x = nn.Dense(self.hidden_features, use_bias=False)(x)
        x = nn.BatchNorm(use_running_average=not train, momentum=0.9)(x)
        x = nn.relu(x)
        x = nn.Dropout(0.2)(x, deterministic=not train)
        return nn.Dense(self.num_classes)(x)


class TrainState(train_state.TrainState):
    batch_stats: Any


@jax.jit
def train_step(state, points, labels, key):
    """One step of gradient descent; returns the new state and the loss."""

    def loss_fn(params):
        logits, updates = state.apply_fn(
            {"params": params, "batch_stats": state.batch_stats},
            points,
            train=True,
            rngs={"dropout": jax.random.fold_in(key, state.step)},
            mutable=["batch_stats"],
        )
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean(), updates

    (loss, updates), grads = jax.value_and_grad(loss_fn, has_aux=True)(state.params)
    return state.apply_gradients(grads=grads, batch_stats=updates["batch_stats"]), loss


@jax.jit
def accuracy(state, points, labels):
    variables = {"params": state.params, "batch_stats": state.batch_stats}
    logits = state.apply_fn(variables, points, train=False)
    return (logits.argmax(-1) == labels).mean()


def rings(key, size):
    """Points on three concentric rings, and the ring of each."""
    ring_key, angle_key, noise_key = jax.random.split(key, 3)
    labels = jax.random.randint(ring_key, (size,), 0, 3)
    angles = jax.random.uniform(angle_key, (size,), maxval=2 * jnp.pi)
    points = (1.0 + labels)[:, None] * jnp.stack([jnp.cos(angles), jnp.sin(angles)], axis=-1)
    return points + 0.1 * jax.random.normal(noise_key, points.shape), labels


def main():
    data_key, test_key, params_key, dropout_key = jax.random.split(jax.random.key(0), 4)
    points, labels = rings(data_key, 256)
    model = Classifier(hidden_features=64, num_classes=3)
    variables = model.init(params_key, points, train=False)
    state = TrainState.create(
        apply_fn=model.apply,
        params=variables["params"],
        batch_stats=variables["batch_stats"],
        tx=optax.adam(1e-2),
    )
    for step in range(101):
        state, loss = train_step(state, points, labels, dropout_key)
        if step % 50 == 0:
            print(f"step {step:3}  loss {loss:.3f}")
    print(f"accuracy on new points: {accuracy(state, *rings(test_key, 256)):.2f}")


if __name__ == "__main__":
    main()
