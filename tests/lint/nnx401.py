"""Train states and steps: created, stepped, differentiated and compiled, with Linen or without."""
import functools

import flax.linen as nn
import haiku as hk
import jax
import optax
from flax import nnx
from flax.training import train_state


class State(train_state.TrainState):  # NNX401: 12
    statistics: dict
    key: jax.Array


class Linen(nn.Module):  # NNX103: 12
    width: int  # NNX104: 4

    @nn.compact  # NNX101: 5
    def __call__(self, x):
        return nn.Dense(self.width)(x)  # NNX110: 15


model = Linen(3)
tx = optax.adam(1e-3)


def linen(key, x):
    params = model.init(key, x)["params"]  # NNX204: 13 NNX301: 13
    state = State.create(apply_fn=model.apply, params=params, tx=tx)  # NNX401: 12 NNX304: 34

    def loss_fn(params):
        return model.apply({"params": params}, x).mean()  # NNX310: 15

    loss, grads = jax.value_and_grad(loss_fn, has_aux=False)(state.params)  # NNX403: 18
    state = state.apply_gradients(grads=grads)  # NNX402: 12
    return state, loss, jax.grad(lambda p: model.apply({"params": p}, x).sum())(params)  # NNX403: 24 NNX310: 43


@functools.partial(jax.jit, static_argnums=0)  # NNX404: 1
def compiled(flag, params, x):
    return model.apply({"params": params}, x)  # NNX310: 11


def spread(params, x):
    return model.apply({"params": params}, x)  # NNX310: 11


steps = jax.pmap(spread, axis_name="batch")  # NNX404: 8


# ---- silent -------------------------------------------------------------------------------------------------------


class Other:
    @classmethod
    def create(cls, **settings):
        return cls()

    def apply_gradients(self, grads):
        return grads


class TrainState(Other):
    pass


def own(grads):
    state = TrainState.create(apply_fn=None, params={}, tx=tx)
    return state.apply_gradients(grads=grads)


def plain(params, x):
    def loss_fn(params):
        return (params["w"] * x).sum()

    return jax.value_and_grad(loss_fn)(params), jax.jit(loss_fn)(params)


def haiku(params, key, x):
    network = hk.transform(lambda x: hk.Linear(3)(x))

    @jax.jit
    def step(params):
        return jax.grad(lambda p: network.apply(p, key, x).sum())(params)

    return step(params)


def optimised(params, grads, state):
    updates, state = tx.update(grads, state, params)
    return optax.apply_updates(params, updates), state


@nnx.jit
def native(module: nnx.Module, optimizer: nnx.Optimizer, x):
    loss, grads = nnx.value_and_grad(lambda module: module(x).mean())(module)
    optimizer.update(module, grads)
    return loss
