"""Calls that are given keys: the model is made with the streams that they seed."""
import jax
import jax.numpy as jnp
import optax
from flax import linen as nn
from flax.training.train_state import TrainState


class Block(nn.Module):
    @nn.compact
    def __call__(self, x, _):
        return nn.Dropout(0.5, deterministic=False)(nn.Dense(4)(x)), None


class Stack(nn.Module):
    @nn.compact
    def __call__(self, x):
        blocks = nn.scan(Block, variable_axes={"params": 0}, split_rngs={"params": True, "dropout": True}, length=3)
        x, _ = blocks()(x, None)
        return x + jax.random.normal(self.make_rng("noise"), x.shape)


def output(state: TrainState, x, rngs=None):
    return state.apply_fn({"params": state.params}, x, rngs=rngs)


@jax.jit
def step(state: TrainState, x, rngs):
    rngs = {name: jax.random.fold_in(key, state.step) for name, key in rngs.items()}

    def loss_fn(params):
        return jnp.mean(state.apply_fn({"params": params}, x, rngs=rngs) ** 2)

    loss, grads = jax.value_and_grad(loss_fn)(state.params)
    return state.apply_gradients(grads=grads), loss


def train(x, seed):
    model = Stack()
    init_key, dropout_key, noise_key = jax.random.split(jax.random.key(seed), 3)
    params = model.init({"params": init_key, "dropout": dropout_key, "noise": noise_key}, x)["params"]
    state = TrainState.create(apply_fn=model.apply, params=params, tx=optax.sgd(0.1))
    losses = []
    for _ in range(2):
        state, loss = step(state, x, {"dropout": dropout_key, "noise": noise_key})
        losses.append(loss)
    keys = dict(noise=noise_key)
    return losses, [output(state, x, rngs={"dropout": dropout_key, **keys}) for _ in range(2)]


class Noisy(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dropout(0.5, deterministic=False)(nn.Dense(4)(x))


def keys_of(key, *names):
    return dict(zip(names, jax.random.split(key, len(names))))


def names_that_nobody_knows(key, x):
    model = Noisy()
    variables = model.init(keys_of(key, "params", "dropout"), x)
    return model.apply(variables, x, rngs=keys_of(key, "dropout"))


class Plain(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(4)(x)


def init_with_a_dictionary(key, x):
    keys = dict(params=key, other=key)
    model = Noisy()
    variables = model.init(keys, x)
    return model.apply(variables, x, rngs={"dropout": key})


def nothing_is_drawn(x):
    model = Plain()
    variables = model.init(jax.random.key(0), x)
    return model.apply(variables, x, rngs=None)
