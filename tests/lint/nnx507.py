"""Lifted custom_vjp, and those that are none."""
import flax.linen as nn
import jax
from flax import nnx
from flax.linen import custom_vjp as lifted


def run(module, x):
    return module(x)


def forward(module, x):
    return module(x), x


def backward(residual, grads):
    return grads, residual


signs = nn.custom_vjp(run, forward_fn=forward, backward_fn=backward)  # NNX507: 8
others = lifted(run, forward, backward, grad_vars="cache", nondiff_argnums=(1,))  # NNX507: 9

# ---- silent -------------------------------------------------------------------------------------------------------


@jax.custom_vjp
def square(x):
    return x * x


square.defvjp(lambda x: (x * x, x), lambda x, grads: (2 * x * grads,))


@jax.custom_jvp
def cube(x):
    return x**3


@nnx.custom_vjp
def native(module, x):
    return module(x)


native.defvjp(forward, backward)


def custom_vjp(function):
    return function


@custom_vjp
def own(x):
    return x
