"""Averages and target networks that have no exact form: each stays as it is, and is told."""
from flax import nnx
import jax
import jax.numpy as jnp
import optax


class Linear(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 1, rngs=rngs)

    def __call__(self, x):
        return self.dense(x)


def weights_of_the_loss(x):
    model = Linear()
    params = model.init(jax.random.key(0), x)["params"]

    def loss_fn(params):
        params = jax.tree.map(lambda p: 0.9 * p, params)
        return model.apply({"params": params}, x).mean()

    grads = jax.grad(loss_fn)(params)
    params = jax.tree.map(lambda p, g: p - g, params, grads)
    return model.apply({"params": params}, x)


def other_name(x):
    model = Linear()
    params = model.init(jax.random.key(0), x)["params"]
    fast = jax.tree.map(lambda p: 0.9 * p, params)
    return model.apply({"params": params}, x) - model.apply({"params": fast}, x)


def chosen_by_jax(x, late):
    model = Linear()
    params = model.init(jax.random.key(0), x)["params"]
    target = jax.lax.cond(late, lambda: params, lambda: jax.tree.map(jnp.zeros_like, params))
    return model.apply({"params": target}, x)


def average_of_both(params, target):
    params = jax.tree.map(lambda p, t: (p + t) / 2, params, target)
    return params


def same_for_both(x):
    model = Linear()
    params = model.init(jax.random.key(0), x)["params"]
    params = average_of_both(params, params)
    return model.apply({"params": params}, x)


def initialised_again(x):
    model = Linear()
    params = model.init(jax.random.key(0), x)["params"]
    target_params = model.init(jax.random.key(1), x)["params"]
    target_params = optax.incremental_update(params, target_params, 0.5)
    return model.apply({"params": target_params}, x)


def none_at_first(x, steps):
    model = Linear()
    params = model.init(jax.random.key(0), x)["params"]
    ema = None
    for _ in range(steps):
        params = jax.tree.map(lambda p: 0.9 * p, params)
        ema = params if ema is None else optax.incremental_update(params, ema, 0.1)
    return model.apply({"params": ema}, x)


class Normed(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.batch_norm = nnx.BatchNorm(
            in_features, use_running_average=True, rngs=rngs
        )

    def __call__(self, x):
        return self.batch_norm(x)


def descent_of_all(x):
    model = Normed()
    variables = model.init(jax.random.key(0), x)
    grads = jax.grad(lambda variables: model.apply(variables, x).sum())(variables)
    variables = jax.tree.map(lambda v, g: v - g, variables, grads)
    return model.apply(variables, x)
