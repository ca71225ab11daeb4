"""Parameters and the state of optax by hand, without a train state."""
import functools
import math

from flax import nnx
import jax.numpy as jnp
import optax


def spread(key, shape, dtype=jnp.float32):
    return jnp.sin(jnp.arange(math.prod(shape), dtype=dtype)).reshape(shape)


class MLP(nnx.Module):
    def __init__(self, in_features: int, hidden: int, *, rngs: nnx.Rngs):
        self.dense_0 = nnx.Linear(in_features, hidden, kernel_init=spread, rngs=rngs)
        self.dense_1 = nnx.Linear(hidden, 1, kernel_init=spread, rngs=rngs)

    def __call__(self, x):
        x = nnx.tanh(self.dense_0(x))
        return self.dense_1(x)[:, 0]


class Normed(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.batch_norm = nnx.BatchNorm(4, rngs=rngs)
        self.dense_0 = nnx.Linear(in_features, 4, kernel_init=spread, rngs=rngs)
        self.dense_1 = nnx.Linear(4, 1, kernel_init=spread, rngs=rngs)

    def __call__(self, x, train: bool):
        x = self.batch_norm(self.dense_0(x), use_running_average=not train)
        return self.dense_1(x)[:, 0]


SIZE = 3
model = MLP(SIZE, 8, rngs=nnx.Rngs(0))
optimizer = optax.adam(1e-2)


def loss_fn(model, x, y):
    return jnp.square(model(x) - y).mean()


@nnx.jit
def step(model, optimizer: nnx.Optimizer, x, y):
    loss, grads = nnx.value_and_grad(loss_fn)(model, x, y)
    optimizer.update(model, grads)
    return loss


def train(model, x, y, steps=3):
    nnx_optimizer = nnx.Optimizer(model, optimizer, wrt=nnx.Param)
    losses = []
    for _ in range(steps):
        loss = step(model, nnx_optimizer, x, y)
        losses.append(loss)
    return losses


def run(x, y):
    losses = train(model, x, y)
    return losses, loss_fn(model, x, y)


def make_tx(rate, decay):
    tx = optax.adamw(rate, weight_decay=decay)
    if decay > 1e-3:
        tx = optax.chain(optax.clip_by_global_norm(0.5), tx)
    return tx


# The transformation is handed on.
def make_step(net):
    @functools.partial(nnx.jit, donate_argnums=(0, 1))
    def update(net, optimizer, x, y):
        def loss_fn(net):
            out = net(x, train=True)
            return jnp.square(out - y).mean()

        loss, grads = nnx.value_and_grad(loss_fn)(net)
        updates = optimizer.update(net, grads)
        # of this step
        metrics = {"loss": loss, "change": optax.tree.norm(updates)}
        return metrics

    return update


def with_statistics(x, y, steps=3):
    net = Normed(in_features=x.shape[-1], rngs=nnx.Rngs(1))
    tx = make_tx(1e-2, 1e-2)
    optimizer = nnx.Optimizer(net, tx, wrt=nnx.Param)
    update = make_step(net)
    found = []
    for _ in range(steps):
        metrics = update(net, optimizer, x, y)
        found.append(metrics)
    return found, net(x, train=False)


def two_models(x, y, steps=3):
    actor, critic = MLP(x.shape[-1], 4, rngs=nnx.Rngs(2)), MLP(
        x.shape[-1], 6, rngs=nnx.Rngs(3)
    )
    actor_tx, critic_tx = optax.sgd(0.1, momentum=0.9), optax.rmsprop(1e-2)
    actor_optimizer, critic_optimizer = nnx.Optimizer(
        actor, actor_tx, wrt=nnx.Param
    ), nnx.Optimizer(critic, critic_tx, wrt=nnx.Param)

    def critic_loss(critic):
        return jnp.square(critic(x) - y).mean()

    def actor_loss(actor, critic):
        return jnp.square(actor(x) - critic(x)).mean()

    losses = []
    for _ in range(steps):
        value, grads = nnx.value_and_grad(critic_loss)(critic)
        critic_optimizer.update(critic, grads)
        losses.append(value)
        value, grads = nnx.value_and_grad(actor_loss)(actor, critic)
        actor_optimizer.update(actor, grads)
        losses.append(value)
    return losses
