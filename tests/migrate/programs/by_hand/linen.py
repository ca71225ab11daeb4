"""Parameters and the state of optax by hand, without a train state."""
import functools
import math

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax


def spread(key, shape, dtype=jnp.float32):
    return jnp.sin(jnp.arange(math.prod(shape), dtype=dtype)).reshape(shape)


class MLP(nn.Module):
    hidden: int

    @nn.compact
    def __call__(self, x):
        x = nn.tanh(nn.Dense(self.hidden, kernel_init=spread)(x))
        return nn.Dense(1, kernel_init=spread)(x)[:, 0]


class Normed(nn.Module):
    @nn.compact
    def __call__(self, x, train: bool):
        x = nn.BatchNorm(use_running_average=not train)(nn.Dense(4, kernel_init=spread)(x))
        return nn.Dense(1, kernel_init=spread)(x)[:, 0]


SIZE = 3
model = MLP(8)
optimizer = optax.adam(1e-2)


def loss_fn(params, x, y):
    return jnp.square(model.apply({"params": params}, x) - y).mean()


@jax.jit
def step(params, opt_state: optax.OptState, x, y):
    loss, grads = jax.value_and_grad(loss_fn)(params, x, y)
    updates, opt_state = optimizer.update(grads, opt_state)
    params = optax.apply_updates(params, updates)
    return params, opt_state, loss


def train(params, x, y, steps=3):
    opt_state = optimizer.init(params)
    losses = []
    for _ in range(steps):
        params, opt_state, loss = step(params, opt_state, x, y)
        losses.append(loss)
    return params, losses


def run(x, y):
    params = model.init(jax.random.key(0), jnp.ones((1, SIZE)))["params"]
    params, losses = train(params, x, y)
    return losses, loss_fn(params, x, y)


def make_tx(rate, decay):
    tx = optax.adamw(rate, weight_decay=decay)
    if decay > 1e-3:
        tx = optax.chain(optax.clip_by_global_norm(0.5), tx)
    return tx


# The transformation is handed on.
def make_step(net, tx):
    @functools.partial(jax.jit, donate_argnums=(0, 1, 2))
    def update(params, batch_stats, opt_state, x, y):
        def loss_fn(params):
            out, new = net.apply({"params": params, "batch_stats": batch_stats}, x, train=True, mutable=["batch_stats"])
            return jnp.square(out - y).mean(), new["batch_stats"]

        (loss, batch_stats), grads = jax.value_and_grad(loss_fn, has_aux=True)(params)
        updates, new_opt_state = tx.update(grads, opt_state, params=params)
        new_params = optax.apply_updates(params, updates)  # of this step
        metrics = {"loss": loss, "change": optax.tree.norm(updates)}
        return new_params, batch_stats, new_opt_state, metrics

    return update


def with_statistics(x, y, steps=3):
    net = Normed()
    variables = net.init(jax.random.key(1), x, train=False)
    params, batch_stats = variables["params"], variables["batch_stats"]
    tx = make_tx(1e-2, 1e-2)
    opt_state = tx.init(params)
    update = make_step(net, tx)
    found = []
    for _ in range(steps):
        params, batch_stats, opt_state, metrics = update(params, batch_stats, opt_state, x, y)
        found.append(metrics)
    return found, net.apply({"params": params, "batch_stats": batch_stats}, x, train=False)


def two_models(x, y, steps=3):
    actor, critic = MLP(4), MLP(6)
    actor_params = actor.init(jax.random.key(2), x)
    critic_params = critic.init(jax.random.key(3), x)
    actor_tx, critic_tx = optax.sgd(0.1, momentum=0.9), optax.rmsprop(1e-2)
    actor_opt_state, critic_opt_state = actor_tx.init(actor_params), critic_tx.init(critic_params)

    def critic_loss(critic_params):
        return jnp.square(critic.apply(critic_params, x) - y).mean()

    def actor_loss(actor_params, critic_params):
        return jnp.square(actor.apply(actor_params, x) - critic.apply(critic_params, x)).mean()

    losses = []
    for _ in range(steps):
        value, grads = jax.value_and_grad(critic_loss)(critic_params)
        updates, critic_opt_state = critic_tx.update(grads, critic_opt_state, critic_params)
        critic_params = optax.apply_updates(critic_params, updates)
        losses.append(value)
        value, grads = jax.value_and_grad(actor_loss)(actor_params, critic_params)
        updates, actor_opt_state = actor_tx.update(grads, actor_opt_state, actor_params)
        actor_params = optax.apply_updates(actor_params, updates)
        losses.append(value)
    return losses
