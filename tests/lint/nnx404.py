"""Jitted functions that run a Linen model; others, and those under nnx.jit, stay silent."""
from functools import partial

import flax.linen as nn
import haiku as hk
import jax
from flax import nnx
from flax.training.train_state import TrainState

model = nn.Dense(3)  # NNX110: 8


@jax.jit  # NNX404: 1
def predict(params, x):
    return model.apply({"params": params}, x)  # NNX310: 11


@partial(jax.jit, donate_argnums=0)  # NNX404: 1
def step(state: TrainState, grads):
    return state.apply_gradients(grads=grads)  # NNX402: 11


def later(params, x):
    return model.apply({"params": params}, x)  # NNX310: 11


fast = jax.pmap(later)  # NNX404: 7


# ---- silent -------------------------------------------------------------------------------------------------------


@jax.jit
def square(x):
    return x**2


@nnx.jit
def native(net: nnx.Module, x):
    return net(x)


@partial(jax.jit, static_argnums=0)
def repeat(n, x):
    return [x] * n


net = hk.transform(lambda x: hk.Linear(3)(x))


@jax.jit
def haiku(params, x):
    return net.apply(params, None, x)


quick = jax.jit(square)
again = jax.jit(lambda x: x + 1)


def plain(x):
    return square(x)


print(plain(1), quick(1), again(1))
