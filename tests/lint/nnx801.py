"""Updates that jax.jit loses; nnx.jit, returned objects, pure states, Optax and other libraries stay silent."""
from functools import partial

import equinox as eqx
import jax
import optax
import torch
from flax import nnx
from flax.training.train_state import TrainState


class Net(nnx.Module):
    def __init__(self, rngs):
        self.layer = nnx.Linear(2, 2, rngs=rngs)


@jax.jit  # NNX801: 1
def annotated(model: Net, optimizer: nnx.Optimizer, grads):
    optimizer.update(model, grads)
    return grads


@partial(jax.jit, donate_argnums=0)  # NNX801: 1
def by_gradients(model, optimizer, x):
    def loss_fn(model):
        return model(x).sum()

    loss, grads = nnx.value_and_grad(loss_fn)(model)
    optimizer.update(model, grads)
    return loss


@jax.pmap  # NNX801: 1
def metrics_only(metrics: nnx.MultiMetric, loss):
    metrics.update(loss=loss)
    return metrics.compute()


def later(model: Net, optimizer, grads):
    optimizer.update(model, grads)
    return model.layer(grads)


fast = jax.jit(later)  # NNX801: 7


# ---- silent -------------------------------------------------------------------------------------------------------


@nnx.jit
def right(model: Net, optimizer: nnx.Optimizer, grads):
    optimizer.update(model, grads)


@jax.jit
def returned(model: Net, optimizer: nnx.Optimizer, grads):
    optimizer.update(model, grads)
    return model, optimizer


@jax.jit
def returns_state(model: Net, optimizer: nnx.Optimizer, grads):
    optimizer.update(model, grads)
    return nnx.state((model, optimizer))


@jax.jit
def returned_later(model: Net, optimizer: nnx.Optimizer, grads):
    optimizer.update(model, grads)
    _, state = nnx.split((model, optimizer))
    return state


@jax.jit
def kept_before(model: Net, optimizer: nnx.Optimizer, grads):
    both = (model, optimizer)
    optimizer.update(model, grads)
    return both


@jax.jit
def by_jax(model, optimizer, x):
    optimizer.update(model, jax.grad(lambda model: model(x).sum())(model))


@jax.jit
def merged(graphdef, state, x):
    model, optimizer = nnx.merge(graphdef, state)
    grads = nnx.grad(lambda model: model(x).sum())(model)
    optimizer.update(model, grads)
    return nnx.state((model, optimizer))


@jax.jit
def rebound(model, optimizer, x):
    model, optimizer = nnx.clone((model, optimizer))
    optimizer.update(model, nnx.grad(len)(model))


@jax.jit
def with_weights(model: Net, state, x):
    nnx.update(model, state)
    return model(x)


@jax.jit
def inference(model: Net, x):
    return model.layer(x)


@jax.jit
def with_optax(params, opt_state, tx, grads):
    updates, opt_state = tx.update(grads, opt_state, params)
    return optax.apply_updates(params, updates), opt_state


@jax.jit
def train_state(state: TrainState, grads):
    return state.apply_gradients(grads=grads)


@jax.jit
def meter(params, meter, loss, x):
    grads = jax.grad(lambda params: params @ x)(params)
    meter.update("loss", loss)
    return grads


@jax.jit
def dictionary(aux, extra, x):
    aux.update(extra)
    aux.update(extra, x)
    return x


@eqx.filter_jit
def equinox(model: eqx.Module, optimizer, grads):
    optimizer.update(model, grads)


def torch_step(model: torch.nn.Module, optimizer, grads):
    optimizer.update(model, grads)
    return jax.jit(model)


@jax.jit
def inner(x):
    def step(model, optimizer):
        optimizer.update(model, nnx.grad(len)(model))

    return step


def not_jitted(model, optimizer, grads):
    optimizer.update(model, nnx.grad(len)(model))
    jax.jit(unknown)(model)  # noqa: F821
