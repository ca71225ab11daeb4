"""Calls that are given keys: the model is made with the streams that they seed."""
import jax
import jax.numpy as jnp
import optax
from flax import nnx


class Block(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(0.5, deterministic=False, rngs=rngs)
        self.dense = nnx.Linear(in_features, 4, rngs=rngs)

    def __call__(self, x, _):
        return self.dropout(self.dense(x)), None


class Stack(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.rngs = rngs.fork()
        self.block = nnx.vmap(lambda rngs: Block(in_features, rngs=rngs))(rngs.split(3))

    def __call__(self, x):
        x, _ = nnx.scan(
            lambda block, x, inputs: block(x, inputs),
            in_axes=(0, nnx.Carry, 0),
            out_axes=(nnx.Carry, 0),
        )(self.block, x, None)
        return x + jax.random.normal(self.rngs.noise(), x.shape)


def output(model: nnx.Module, x, rngs=None):
    if rngs is not None:
        nnx.reseed(model, **rngs, policy="match_shape")
    return model(x)


@nnx.jit
def step(model: nnx.Module, optimizer: nnx.Optimizer, x, rngs):
    rngs = {
        name: jax.random.fold_in(key, optimizer.step[...]) for name, key in rngs.items()
    }

    def loss_fn(model):
        nnx.reseed(model, **rngs, policy="match_shape")
        return jnp.mean(model(x) ** 2)

    loss, grads = nnx.value_and_grad(loss_fn)(model)
    optimizer.update(model, grads)
    return loss


def train(x, seed):
    model = Stack(
        in_features=x.shape[-1], rngs=nnx.Rngs(seed, dropout=seed, noise=seed)
    )
    init_key, dropout_key, noise_key = jax.random.split(jax.random.key(seed), 3)
    optimizer = nnx.Optimizer(model, optax.sgd(0.1), wrt=nnx.Param)
    losses = []
    for _ in range(2):
        loss = step(model, optimizer, x, {"dropout": dropout_key, "noise": noise_key})
        losses.append(loss)
    keys = dict(noise=noise_key)
    return losses, [
        output(model, x, rngs={"dropout": dropout_key, **keys}) for _ in range(2)
    ]


class Noisy(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(0.5, deterministic=False, rngs=rngs)
        self.dense = nnx.Linear(in_features, 4, rngs=rngs)

    def __call__(self, x):
        return self.dropout(self.dense(x))


def keys_of(key, *names):
    return dict(zip(names, jax.random.split(key, len(names))))


def names_that_nobody_knows(key, x):
    model = Noisy(
        in_features=x.shape[-1], rngs=nnx.Rngs(keys_of(key, "params", "dropout"))
    )
    nnx.reseed(model, **keys_of(key, "dropout"), policy="match_shape")
    return model(x)


class Plain(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 4, rngs=rngs)

    def __call__(self, x):
        return self.dense(x)


def init_with_a_dictionary(key, x):
    keys = dict(params=key, other=key)
    model = Noisy(in_features=x.shape[-1], rngs=nnx.Rngs(keys, dropout=1))
    nnx.reseed(model, dropout=key, policy="match_shape")
    return model(x)


def nothing_is_drawn(x):
    model = Plain(in_features=x.shape[-1], rngs=nnx.Rngs(0))
    return model(x)
