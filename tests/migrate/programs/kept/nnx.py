"""Train states that keep other parameters beside their own: a target network, an average of the weights."""
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


class TrainState(nnx.Optimizer):
    def __init__(self, model, tx, target_model: nnx.Module):
        super().__init__(model, tx, wrt=nnx.Param)
        self.target_model = target_model


class EmaState(nnx.Optimizer):
    def __init__(self, model, tx, ema_model: nnx.Module, key: jax.Array):
        super().__init__(model, tx, wrt=nnx.Param)
        self.ema_model = ema_model
        self.key = nnx.Variable(key)


def q_learning(x, y, steps=4, tau=0.3):
    q_network = QNetwork(
        in_features=x.shape[-1], actions=2, rngs=nnx.Rngs(jax.random.key(0))
    )
    q_optimizer = TrainState(
        q_network,
        optax.adam(learning_rate=0.1),
        target_model=nnx.clone(q_network),
    )

    @nnx.jit
    def update(q_network, q_optimizer, x, y):
        q_next = q_optimizer.target_model(x).max(axis=-1)
        wanted = y + 0.9 * q_next

        def mse_loss(q_network):
            q_pred = q_network(x)[:, 0]
            return ((q_pred - wanted) ** 2).mean(), q_pred

        (loss, q_pred), grads = nnx.value_and_grad(mse_loss, has_aux=True)(q_network)
        q_optimizer.update(q_network, grads)
        return loss, q_pred

    found = []
    for i in range(steps):
        loss, q_pred = update(q_network, q_optimizer, x, y)
        found += [loss, q_pred]
        # Every other step.
        if i % 2:
            nnx.update(
                q_optimizer.target_model,
                optax.incremental_update(
                    nnx.state(q_network, nnx.Param),
                    nnx.state(q_optimizer.target_model, nnx.Param),
                    tau,
                ),
            )
    return found, q_optimizer.target_model(x)


@nnx.jit
def train_step(model: nnx.Module, optimizer: EmaState, x, y):
    key = jax.random.fold_in(optimizer.key.get_value(), optimizer.step[...])

    def loss_fn(model):
        noise = jax.random.normal(key, x.shape)
        return jnp.square(model(x + 0.1 * noise)[:, 0] - y).mean()

    loss, grads = nnx.value_and_grad(loss_fn)(model)
    optimizer.update(model, grads)
    decay = jnp.minimum(0.9, (1 + optimizer.step[...]) / (10 + optimizer.step[...]))
    nnx.update(
        optimizer.ema_model,
        jax.tree.map(
            lambda e, p: decay * e + (1 - decay) * p,
            nnx.state(optimizer.ema_model, nnx.Param),
            nnx.state(model, nnx.Param),
        ),
    )
    return loss


def averages(x, y, steps=4):
    model = QNetwork(in_features=x.shape[-1], actions=1, rngs=nnx.Rngs(0))
    optimizer = EmaState(
        model,
        optax.sgd(0.1, momentum=0.9),
        ema_model=nnx.clone(model),
        key=jax.random.key(3),
    )
    losses = []
    for _ in range(steps):
        loss = train_step(model, optimizer, x, y)
        losses.append(loss)
    optimizer.key.set_value(jax.random.key(4))
    losses.append(optimizer.ema_model(x))
    return losses


def hard_updates(x, y, steps=4):
    model = QNetwork(in_features=x.shape[-1], actions=1, rngs=nnx.Rngs(0))
    optimizer = TrainState(model, optax.sgd(0.1), target_model=nnx.clone(model))
    outputs = []
    for i in range(steps):
        wanted = y + 0.5 * optimizer.target_model(x)[:, 0]
        grads = nnx.grad(lambda model: jnp.square(model(x)[:, 0] - wanted).mean())(
            model
        )
        optimizer.update(model, grads)
        if i == 1:
            nnx.update(optimizer.target_model, nnx.state(model, nnx.Param))
        outputs.append(optimizer.target_model(x))
    return outputs


def read_later(x, y):
    model = QNetwork(in_features=x.shape[-1], actions=1, rngs=nnx.Rngs(0))
    optimizer = TrainState(model, optax.sgd(0.1), target_model=nnx.clone(model))
    before_model = nnx.clone(optimizer.target_model)
    nnx.update(
        optimizer.target_model,
        jax.tree.map(jnp.tanh, nnx.state(optimizer.target_model, nnx.Param)),
    )
    return before_model(x), optimizer.target_model(x)
