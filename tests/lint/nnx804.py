"""Snapshots that follow the training; copies, states of trained models and other libraries stay silent."""
import copy

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
import torch
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs):
        self.layer = nnx.Linear(2, 2, rngs=rngs)


@nnx.jit
def step(model, optimizer, x):
    optimizer.update(model, nnx.grad(lambda model: model(x).sum())(model))


def train(model: Net, optimizer: nnx.Optimizer, data):
    ema_params = nnx.state(model, nnx.Param)  # NNX804: 17
    graphdef, old_state = nnx.split(model)  # NNX804: 26
    target_model = nnx.merge(*nnx.split(model))  # NNX804: 19
    teacher = model  # NNX804: 14
    for x in data:
        step(model, optimizer, x)
        if x:
            best = nnx.state(model)  # NNX804: 19
    return ema_params, old_state, target_model, teacher, best, graphdef


class Agent:
    def __init__(self):
        self.model = Net(nnx.Rngs(0))
        self.target_model = self.model  # NNX804: 28
        self.optimizer = nnx.Optimizer(self.model, optax.sgd(0.1), wrt=nnx.Param)

    def train(self, grads):
        self.optimizer.update(self.model, grads)

    # ---- silent ---------------------------------------------------------------------------------------------------

    def right(self, tau):
        self.target_model = nnx.clone(self.model)
        self.target_state = nnx.state(nnx.clone(self.model))
        self.best_params = nnx.to_pure_dict(nnx.state(self.model))
        self.old_model = copy.deepcopy(self.model)
        self.current = self.model
        self.target_value = self.model.layer


def copies(model: Net, optimizer: nnx.Optimizer, data):
    ema = jax.tree.map(jnp.copy, nnx.state(model, nnx.Param))
    graphdef, state = nnx.split(model)
    target = nnx.clone(model)
    best_loss, best_step = data, model(data)
    for x in data:
        step(model, optimizer, x)
    final = nnx.state(model)
    best = nnx.state(model)
    return ema, graphdef, state, target, final, best, best_loss, best_step


def not_trained(model: Net, other: Net, optimizer: nnx.Optimizer, grads):
    ema = nnx.state(model)
    target = model
    optimizer.update(other, grads)
    return ema, target


def equinox(network: eqx.Module, optimizer, grads):
    target = network
    old = eqx.filter(network, eqx.is_array)
    optimizer.update(network, grads)
    return target, old


def torch_model(network: torch.nn.Module, optimizer, grads):
    target, best = network, network.state_dict()
    optimizer.update(network, grads)
    return target, best


def arrays(params, tx, grads, opt_state):
    ema, target = params, params
    updates, opt_state = tx.update(grads, opt_state, params)
    return ema, target, updates
