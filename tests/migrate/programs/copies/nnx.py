"""Parameters that are kept while training goes on: the best ones, and those of a target network."""
from flax import nnx
import jax.numpy as jnp
import optax


class Linear(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(
            in_features, features, kernel_init=nnx.initializers.ones, rngs=rngs
        )

    def __call__(self, x):
        return self.dense(x)


@nnx.jit
def step(model: nnx.Module, optimizer: nnx.Optimizer, x, y):
    def loss_fn(model):
        return jnp.square(model(x) - y).mean()

    loss, grads = nnx.value_and_grad(loss_fn)(model)
    optimizer.update(model, grads)
    return loss


def create(x):
    model = Linear(x.shape[-1], 2, rngs=nnx.Rngs(0))
    optimizer = nnx.Optimizer(model, optax.sgd(0.6), wrt=nnx.Param)
    return model, optimizer


def best_parameters(x, y, steps=4):
    model, optimizer = create(x)
    best_model, least = nnx.clone(model), jnp.inf
    for _ in range(steps):
        before_model = nnx.clone(model)  # of the loss that the step returns
        loss = step(model, optimizer, x, y)
        if loss < least:
            best_model, least = nnx.clone(before_model), loss
    return best_model(x), least


def target_network(x, steps=4):
    model, optimizer = create(x)
    target_model = nnx.clone(model)
    for i in range(steps):
        y = target_model(x)
        loss = step(model, optimizer, x, y + 1)
        if i % 2:
            target_model = nnx.clone(model)
    return loss
