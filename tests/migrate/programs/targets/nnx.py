"""Averages of weights and target networks beside the parameters that are trained, and descent by hand."""
import functools
import math

from flax import nnx
import jax
import jax.numpy as jnp
import optax


def spread(key, shape, dtype=jnp.float32):
    return jnp.sin(jnp.arange(math.prod(shape), dtype=dtype)).reshape(shape)


class QNetwork(nnx.Module):
    def __init__(self, in_features: int, actions: int, *, rngs: nnx.Rngs):
        self.dense_0 = nnx.Linear(in_features, 5, kernel_init=spread, rngs=rngs)
        self.dense_1 = nnx.Linear(5, actions, kernel_init=spread, rngs=rngs)

    def __call__(self, x):
        x = nnx.tanh(self.dense_0(x))
        return self.dense_1(x)


def polyak(x, y, steps=4):
    model = QNetwork(x.shape[-1], 2, rngs=nnx.Rngs(0))
    target_model = nnx.clone(model)
    tx = optax.adam(0.1)
    optimizer = nnx.Optimizer(model, tx, wrt=nnx.Param)

    def loss_fn(model, target_model):
        wanted = y[:, None] + 0.9 * target_model(x).max(axis=-1, keepdims=True)
        return jnp.square(model(x) - wanted).mean()

    @nnx.jit
    def step(model, target_model, optimizer):
        loss, grads = nnx.value_and_grad(loss_fn)(model, target_model)
        optimizer.update(model, grads)
        nnx.update(
            target_model,
            optax.incremental_update(
                nnx.state(model, nnx.Param), nnx.state(target_model, nnx.Param), 0.2
            ),
        )
        return loss

    losses = []
    for _ in range(steps):
        loss = step(model, target_model, optimizer)
        losses.append(loss)
    return losses, model(x), target_model(x)


def averaged(x, y, steps=4):
    model = QNetwork(x.shape[-1], 1, rngs=nnx.Rngs(0))
    ema_model = nnx.clone(model)

    @nnx.jit
    def gradients(model):
        return nnx.grad(lambda model: jnp.square(model(x)[:, 0] - y).mean())(model)

    outputs = []
    for i in range(steps):
        grads = gradients(model)
        nnx.update(
            model,
            jax.tree.map(lambda p, g: p - 0.1 * g, nnx.state(model, nnx.Param), grads),
        )
        decay = min(0.9, (1 + i) / (10 + i))
        nnx.update(
            ema_model,
            jax.tree.map(
                lambda e, p: decay * e + (1 - decay) * p,
                nnx.state(ema_model, nnx.Param),
                nnx.state(model, nnx.Param),
            ),
        )
        outputs.append(ema_model(x))
    return outputs, model


@functools.partial(nnx.jit, static_argnums=3)
def late(model, target_model, count, period):
    nnx.update(
        target_model,
        optax.periodic_update(
            nnx.state(model, nnx.Param),
            nnx.state(target_model, nnx.Param),
            count,
            period,
        ),
    )


def periodic(x, y, steps=4):
    model = QNetwork(x.shape[-1], 1, rngs=nnx.Rngs(0))
    tx = optax.sgd(0.1)
    target_model = nnx.clone(model)
    optimizer = nnx.Optimizer(model, tx, wrt=nnx.Param)
    outputs = []
    for i in range(steps):
        wanted = y[:, None] + 0.5 * target_model(x)
        grads = nnx.grad(lambda model: jnp.square(model(x) - wanted).mean())(model)
        optimizer.update(model, grads)
        late(model, target_model, i, 2)
        outputs.append(target_model(x))
    return outputs


def ascent(x, y, steps=3):
    model = QNetwork(x.shape[-1], 1, rngs=nnx.Rngs(0))
    for _ in range(steps):
        grads = nnx.grad(lambda model: (y[:, None] * model(x)).mean())(model)
        nnx.update(
            model,
            optax.apply_updates(
                nnx.state(model, nnx.Param), jax.tree.map(lambda g: 0.1 * g, grads)
            ),
        )
    return model(x)


def gradients_beside(x, y):
    model = QNetwork(x.shape[-1], 2, rngs=nnx.Rngs(0))
    target_model = nnx.clone(model)

    def loss_fn(model, target_model):
        return (jnp.square(model(x)) - target_model(x)).mean()

    return nnx.grad(loss_fn)(model, target_model)


@nnx.jit
def learn(model: nnx.Module, optimizer: nnx.Optimizer, target_model, x, y):
    wanted = y[:, None] + 0.5 * target_model(x)

    def loss_fn(model):
        return jnp.square(model(x) - wanted).mean()

    loss, grads = nnx.value_and_grad(loss_fn)(model)
    optimizer.update(model, grads)
    return loss


def with_state(x, y, steps=4):
    model = QNetwork(x.shape[-1], 1, rngs=nnx.Rngs(0))
    optimizer = nnx.Optimizer(model, optax.adam(0.1), wrt=nnx.Param)
    target_model = nnx.clone(model)
    losses = []
    for _ in range(steps):
        loss = learn(model, optimizer, target_model, x, y)
        nnx.update(
            target_model,
            optax.incremental_update(
                nnx.state(model, nnx.Param), nnx.state(target_model, nnx.Param), 0.3
            ),
        )
        losses.append(loss)
    return losses, target_model(x)
