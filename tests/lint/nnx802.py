"""Jitted functions that read a model which is trained later; the rest stays silent."""
import equinox as eqx
import jax
import optax
import torch
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs):
        self.layer = nnx.Linear(2, 2, rngs=rngs)


@nnx.jit
def step(model, optimizer, x):
    grads = nnx.grad(lambda model: model(x).sum())(model)
    optimizer.update(model, grads)


model = Net(nnx.Rngs(0))
fixed = Net(nnx.Rngs(0))
optimizer = nnx.Optimizer(model, optax.sgd(0.1), wrt=nnx.Param)


@jax.jit
def evaluate(x):
    def inner(y):
        return model(y)  # NNX802: 15

    return model.layer(x) + inner(x) + fixed(x)


quick = nnx.jit(lambda x: model(x))  # NNX802: 26


@nnx.jit
def right(model, x):
    return model(x) + fixed(x)


def not_jitted(x):
    return model(x)


for x in range(3):
    step(model, optimizer, x)
    quick(x)


@nnx.jit
def trained(x):
    return model(x)


def local(x, network: Net):
    model = nnx.Linear(2, 2, rngs=nnx.Rngs(0))
    optimizer = nnx.Optimizer(model, optax.sgd(0.1), wrt=nnx.Param)
    run = jax.jit(lambda x: model(x))  # NNX802: 28
    other = jax.jit(lambda x: network(x))
    shadow = jax.jit(lambda model: model(x))
    optimizer.update(model, x)
    return run(x), other(x), shadow(model)


def rebound(x):
    model = Net(nnx.Rngs(0))

    @nnx.jit
    def make(x):
        model = Net(nnx.Rngs(0))
        return model(x)

    return make(x), model


def equinox(x, key, grads):
    network = eqx.nn.Linear(2, 2, key=key)
    optimizer = optax.adam(0.1)
    run = jax.jit(lambda x: network(x))
    optimizer.update(network, grads)
    return run(x)


def torch_model(x, grads):
    network = torch.nn.Linear(2, 2)
    optimizer = torch.optim.SGD(network.parameters())
    run = jax.jit(lambda x: network(x))
    optimizer.update(network, grads)
    return run(x)


class Trainer:
    def __init__(self):
        self.model = Net(nnx.Rngs(0))
        self.fixed = Net(nnx.Rngs(0))
        self.optimizer = nnx.Optimizer(self.model, optax.sgd(0.1), wrt=nnx.Param)
        self.predict = nnx.jit(lambda x: self.model(x))  # NNX802: 41
        self.guess = nnx.jit(lambda x: self.fixed(x))
        self.right = nnx.jit(lambda model, x: model(x))

    def evaluate(self, x):
        return jax.jit(lambda x: self.model(x))(x)

    def train(self, x):
        self.optimizer.update(self.model, x)
