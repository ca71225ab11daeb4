"""Programs that have no exact form: each stays as it is, and is told."""
import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from flax.training import train_state


class Linear(nn.Module):
    features: int
    scale: float = 1.0

    @nn.compact
    def __call__(self, x):
        return self.scale * nn.Dense(self.features)(x)


def path_of_variables(x):
    model = Linear(4)
    params = model.init(jax.random.key(0), x)["params"]
    return params["Dense_0"]["kernel"]


def other_configuration(x):
    params = Linear(4).init(jax.random.key(0), x)["params"]
    return Linear(4, scale=2.0).apply({"params": params}, x)


class KeyState(train_state.TrainState):
    key: jax.Array


def more_in_the_state(x):
    model = Linear(4)
    params = model.init(jax.random.key(0), x)["params"]
    return KeyState.create(apply_fn=model.apply, params=params, tx=optax.sgd(0.1), key=jax.random.key(1))


def old_state(state: train_state.TrainState, grads):
    new_state = state.apply_gradients(grads=grads)
    return jax.tree.map(jnp.subtract, new_state.params, state.params)


class Trainer:
    def __init__(self, x):
        self.model = Linear(4)
        self.params = self.model.init(jax.random.key(0), x)["params"]
