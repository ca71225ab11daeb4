"""Methods of Linen modules given as functions."""
import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
import pandas as pd
from flax import nnx
from flax.training import train_state

x = jnp.ones((2, 4))
key = jax.random.key(0)
tx = optax.sgd(0.1)
model = nn.Embed(3, 4)  # NNX113: 8
apply = jax.jit(model.apply)  # NNX304: 16
start = jax.jit(model.init)  # NNX304: 16
shapes = jax.eval_shape(model.init, key, x)  # NNX304: 24
both = functools.partial(nn.Embed(3, 4).init_with_output, key)  # NNX304: 25 NNX113: 25
state = train_state.TrainState.create(apply_fn=model.apply, params=None, tx=tx)  # NNX304: 47 NNX401: 8
functions = [model.apply, model.lazy_init]  # NNX304: 13 NNX304: 26
step = jax.vmap(state.apply_fn, in_axes=(None, 0))  # NNX304: 16


def create(network):
    return train_state.TrainState.create(apply_fn=network.apply, params={}, tx=tx)  # NNX304: 50 NNX401: 11


def begin(network):
    variables = jax.jit(network.init)(key, x)  # NNX304: 24
    return variables["params"]  # NNX204: 11


# ---- silent -------------------------------------------------------------------------------------------------------

update = jax.jit(tx.update)
init = jax.jit(tx.init)
opt_state = jax.jit(tx.init)({"params": 3})
frame = pd.DataFrame({"a": [1]})
mapper = map(frame.apply, [len])
holder = functools.partial(frame.apply, axis=0)
method = nn.Embed.apply
converted = nnx.jit(nnx.Linear(3, 4, rngs=nnx.Rngs(0)))


class OwnApply(nn.Module):  # noqa: NNX103
    def apply(self, x):
        return x

    def function(self):
        return jax.jit(self.apply)


class Wrapper:
    def apply(self, x):
        return x

    def function(self):
        return jax.jit(self.apply), functools.partial(self.apply, 3)


def unknown(network, registry):
    registry.register(network.apply, network.init)
    state = jax.jit(network.init)(key, x)
    return jax.jit(network.apply), state["count"]


def other_create(network, Registry):
    return Registry.create(apply_fn=network.apply), Registry.create(apply=network.apply, tx=tx)


def shadowed(model):
    return jax.jit(model.apply), jax.eval_shape(model.init, key)


own = OwnApply().apply
wrapped = jax.jit(Wrapper().apply)
model.apply = None
