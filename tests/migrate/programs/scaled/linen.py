"""A train state that keeps a loss scale and a key: steps whose gradients overflow leave it as it was."""
import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from flax.training import dynamic_scale as dynamic_scale_lib
from flax.training import train_state


class Net(nn.Module):
    features: int
    rate: float = 0.0

    @nn.compact
    def __call__(self, x, train: bool = True):
        x = nn.Dense(self.features)(x)
        x = nn.BatchNorm(use_running_average=not train, momentum=0.9)(x)
        x = nn.Dropout(self.rate, deterministic=not train)(nn.relu(x))
        return nn.Dense(1)(x)[..., 0]


class ScaledState(train_state.TrainState):
    """What a training needs."""

    batch_stats: Any
    key: jax.Array
    dynamic_scale: dynamic_scale_lib.DynamicScale | None = None


@jax.jit
def step(state: ScaledState, x, y):
    key, new_key = jax.random.split(state.key)

    def loss_fn(params):
        """Of the parameters alone."""
        variables = {"params": params, "batch_stats": state.batch_stats}
        out, updates = state.apply_fn(variables, x, rngs={"dropout": key}, mutable=["batch_stats"])
        decay = sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(params))
        return jnp.square(out - y).mean() + 1e-3 * decay, (updates, out)

    dynamic_scale = state.dynamic_scale
    if dynamic_scale:
        grad_fn = dynamic_scale.value_and_grad(loss_fn, has_aux=True)
        dynamic_scale, is_finite, aux, grads = grad_fn(state.params)
        state = state.replace(dynamic_scale=dynamic_scale)
    else:
        grad_fn = jax.value_and_grad(loss_fn, has_aux=True)
        aux, grads = grad_fn(state.params)
    loss, (updates, out) = aux
    new_state = state.apply_gradients(grads=grads, batch_stats=updates["batch_stats"], key=new_key)
    if dynamic_scale:
        select = functools.partial(jnp.where, is_finite)
        new_state = new_state.replace(
            params=jax.tree.map(select, new_state.params, state.params),
            opt_state=jax.tree.map(
                select,  # leaf by leaf
                new_state.opt_state,
                state.opt_state,
            ),
        )
    return new_state, loss, out


@jax.jit
def clipped(state: ScaledState):
    return state.replace(params=jax.tree.map(lambda leaf: jnp.clip(leaf, -0.1, 0.1), state.params))


@jax.jit
def renewed(state: ScaledState):
    return state.replace(key=jax.random.fold_in(state.key, state.step))


@jax.jit
def evaluate(state, x, y):
    variables = {"params": state.params, "batch_stats": state.batch_stats}
    return jnp.square(state.apply_fn(variables, x, train=False) - y).mean()


def create(x, dynamic_scale):
    net = Net(features=8)
    variables = net.init({"params": jax.random.key(1), "dropout": jax.random.key(2)}, x)
    return ScaledState.create(
        apply_fn=net.apply,
        params=variables["params"],
        batch_stats=variables["batch_stats"],
        tx=optax.adam(0.01),
        key=jax.random.key(3),
        dynamic_scale=dynamic_scale,
    )


def train(x, y, dynamic_scale, steps=3):
    state = create(x, dynamic_scale)
    losses = []
    for _ in range(steps):
        state, loss, _ = step(state, x, y)
        losses.append(loss)
    state = renewed(clipped(state))
    return losses, evaluate(state, x, y)
