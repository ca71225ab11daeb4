"""`optimizer.update` with its arguments swapped; the right order, Optax, torch and dictionaries stay silent."""
import haiku as hk
import jax
import optax
import torch
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs):
        self.layer = nnx.Linear(2, 2, rngs=rngs)


def annotated(model: Net, optimizer: nnx.Optimizer, grads):
    optimizer.update(grads, model)  # NNX815: 4


def made(x):
    model = Net(nnx.Rngs(0))
    optimizer = nnx.Optimizer(model, optax.sgd(0.1), wrt=nnx.Param)
    loss, update = nnx.value_and_grad(lambda model: model.layer(x).sum())(model)
    optimizer.update(update, model)  # NNX815: 4
    optimizer.update(nnx.grad(len)(model), model, value=loss)  # NNX815: 4


class Trainer:
    def __init__(self):
        self.model = Net(nnx.Rngs(0))
        self.optimizer = nnx.Optimizer(self.model, optax.adam(0.1), wrt=nnx.Param)
        self.tx = optax.adam(0.1)

    def step(self, grads):
        self.optimizer.update(grads, self.model)  # NNX815: 8

    # ---- silent ---------------------------------------------------------------------------------------------------

    def right(self, grads, opt_state, params):
        self.optimizer.update(self.model, grads)
        self.optimizer.update(self.model, self.model)
        self.optimizer.update(model=self.model, grads=grads)
        return self.tx.update(grads, opt_state, params)


def optax_alone(grads, opt_state, params, model: Net):
    tx = optax.sgd(0.1)
    updates, opt_state = tx.update(grads, opt_state, params)
    updates, opt_state = tx.update(grads, model)
    return optax.apply_updates(params, updates)


def unknown(optimizer, model: Net, grads, state: nnx.Optimizer):
    optimizer.update(grads, model)
    state.update(grads, state)
    state.update(*grads, model)
    nnx.update(model, grads)
    return {}.update(grads, model)


def other_model(optimizer: nnx.Optimizer, grads, model):
    optimizer.update(grads, model)
    optimizer.update(model, grads)


def torch_step(model: torch.nn.Module):
    optimizer = torch.optim.SGD(model.parameters())
    optimizer.update(3, model)


def haiku_step(grads, state):
    net = hk.transform(len)
    return jax.jit(optax.sgd(0.1).update)(grads, net)
