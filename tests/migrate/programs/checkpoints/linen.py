"""Checkpoints of train states, through `tree_map` as well; `init` behind a function that hands its arguments on."""
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax.training import checkpoints
from flax.training.train_state import TrainState


class Net(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(2)(x)


def initialized(key, size, model):
    shape = (1, size)

    @jax.jit
    def init(*args):
        return model.init(*args)

    variables = init({"params": key}, jnp.ones(shape))
    return variables["params"]


def create(seed, size):
    model = Net()
    params = initialized(jax.random.key(seed), size, model)
    state = TrainState.create(apply_fn=model.apply, params=params, tx=optax.sgd(0.1, momentum=0.9))
    return state


@jax.jit
def step(state, x):
    def loss_fn(params):
        return jnp.mean(state.apply_fn({"params": params}, x) ** 2)

    loss, grads = jax.value_and_grad(loss_fn)(state.params)
    new_state = state.apply_gradients(grads=grads)
    return new_state, loss


def save(folder, state):
    # On the host.
    host_state = jax.tree_util.tree_map(np.asarray, state)
    checkpoints.save_checkpoint(folder, host_state, int(state.step), overwrite=True)


def restore(folder, state):
    state = checkpoints.restore_checkpoint(folder, state)
    return state


def train(folder, x, steps, seed=0):
    state = create(seed, 3)
    state = restore(folder, state)
    losses = []
    for _ in range(steps):
        state, loss = step(state, x)
        losses.append(float(loss))
    save(folder, state)
    return int(state.step), losses
