"""Gradients of functions that run a Linen model; gradients of anything else stay silent."""
from functools import partial

import flax.linen as nn
import haiku as hk
import jax
from flax import nnx

model = nn.Dense(3)  # NNX110: 8


def loss_fn(params, x):
    return model.apply({"params": params}, x).sum()  # NNX310: 11


def found(params, x, state):
    grads = jax.grad(loss_fn)(params, x)  # NNX403: 12
    loss, grads = jax.value_and_grad(loss_fn, has_aux=True)(params, x)  # NNX403: 18
    return grads, jax.grad(lambda p: state.apply_fn({"params": p}, x).sum())(params)  # NNX403: 18 NNX316: 37


# ---- silent -------------------------------------------------------------------------------------------------------


def square(x):
    return (x**2).sum()


def silent(x, params, unknown, native: nnx.Module):
    first = jax.grad(square)(x)
    second = jax.value_and_grad(lambda x: x.sum())(x)
    third = jax.grad(unknown)(x)
    fourth = nnx.grad(lambda native: native(x).sum())(native)
    return first, second, third, fourth


def haiku(params, x):
    net = hk.transform(lambda x: hk.Linear(3)(x))
    return jax.grad(lambda params: net.apply(params, None, x).sum())(params)


@partial(jax.value_and_grad)
def plain(x):
    return x.sum()


def inner(x):
    return jax.grad(lambda x: square(x) + plain(x)[0])(x)
