"""Modes are set where models are called, and outside of what jax compiles."""
from functools import partial

from flax import nnx
import jax.numpy as jnp
import optax


class Net(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.batch_norm = nnx.BatchNorm(features, rngs=rngs)
        self.dense_0 = nnx.Linear(in_features, features, rngs=rngs)
        self.dense_1 = nnx.Linear(features, 1, rngs=rngs)

    def __call__(self, x):
        x = self.batch_norm(self.dense_0(x))
        return self.dense_1(nnx.relu(x))[..., 0]


def create_state(key, x):
    model = Net(x.shape[-1], 8, rngs=nnx.Rngs(key))
    optimizer = nnx.Optimizer(model, optax.sgd(0.1), wrt=nnx.Param)
    return model, optimizer


@nnx.jit
def train_step(model, optimizer, x, y):
    def loss_fn(model):
        out = model(x)
        return jnp.mean((out - y) ** 2)

    loss, grads = nnx.value_and_grad(loss_fn)(model)
    optimizer.update(model, grads)
    return loss


@nnx.jit
def eval_step(model, x, y):
    out = model(x)
    return jnp.mean((out - y) ** 2)


@partial(nnx.jit, static_argnums=2)
def outputs(model, x, train):
    # only the caller knows
    if train:
        model.train()
    else:
        model.eval()
    out = model(x)
    return out


def evaluate(model, batches):
    losses = []
    model.eval()
    for x, y in batches:
        losses.append(eval_step(model, x, y))
    return jnp.mean(jnp.asarray(losses))


def fit(model, optimizer, batches, epochs):
    history = []
    for epoch in range(epochs):
        model.train()
        for x, y in batches:
            loss = train_step(model, optimizer, x, y)
        history.append(loss)
        if epoch % 2:
            history.append(evaluate(model, batches))
    x, y = batches[1]
    model.train()
    train_step(model, optimizer, x, y)
    if epochs > 2:
        model.eval()
        history.append(eval_step(model, x, y))
    else:
        # by hand
        model.eval()
        history.append(eval_step(model, y[:, None] * x, y))
    history.append(eval_step(model, x, -y))
    return history


def run(key, batches, epochs):
    model, optimizer = create_state(key, batches[0][0])
    history = fit(model, optimizer, batches, epochs)
    trained = outputs(model, batches[0][0], True)
    evaluated = outputs(model, batches[0][0], False)
    return history, trained, evaluated
