"""Lifted control flow, and control flow that is none."""
import flax.linen as nn
import jax
import jax.numpy as jnp
import tensorflow as tf
from flax import nnx
from flax.linen import while_loop as lifted
from jax.lax import cond, switch, while_loop


class Net(nn.Module):  # NNX103: 10
    def __call__(self, x):
        def first(module, x):
            return x

        x = nn.cond(x.sum() > 0, first, first, self, x, variables="params")  # NNX508: 12
        x = nn.switch(1, [first, first], self, x)  # NNX508: 12
        x = lifted(lambda m, x: x < 3, first, self, x, carry_variables="state")  # NNX508: 12
        return nn.transforms.while_loop(first, first, mdl=self, init=x)  # NNX508: 15


# ---- silent -------------------------------------------------------------------------------------------------------


def plain(x):
    x = jax.lax.cond(x > 0, jnp.sin, jnp.cos, x)
    x = cond(x > 0, jnp.sin, jnp.cos, x)
    x = jax.lax.switch(1, [jnp.sin, jnp.cos], x)
    x = switch(1, [jnp.sin, jnp.cos], x)
    x = while_loop(lambda x: x < 3, lambda x: x + 1, x)
    x = jax.lax.fori_loop(0, 3, lambda i, x: x + i, x)
    return tf.cond(x > 0, tf.sin, tf.cos), tf.while_loop(plain, plain, [x])


def native(model, x):
    x = nnx.cond(x > 0, lambda m, x: m(x), lambda m, x: x, model, x)
    x = nnx.switch(1, [lambda m, x: x], model, x)
    return nnx.while_loop(lambda s: s[1] < 3, lambda s: s, (model, x))


class Lamp:
    def switch(self, on):
        return self.switch(not on)


def other(nn, x):
    return nn.cond(x, x, x), nn.switch(x)
