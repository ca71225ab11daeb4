"""Values that are sown and that nobody asks for: Linen drops them, so they are cleared after each call."""
import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from flax.training.train_state import TrainState


class Attention(nn.Module):
    @nn.compact
    def __call__(self, x):
        weights = nn.softmax(nn.Dense(3)(x))
        self.sow("intermediates", "weights", weights)
        return weights * x


class Net(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(1)(Attention()(x))


class Quiet(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(1)(x)


@jax.jit
def step(state, x):
    def loss_fn(params):
        y = state.apply_fn({"params": params}, x)  # (batch, 1)
        return jnp.mean(y**2)

    loss, grads = jax.value_and_grad(loss_fn)(state.params)
    return state.apply_gradients(grads=grads), loss


def train(steps):
    x = jnp.ones((2, 3))
    net = Net()
    state = TrainState.create(apply_fn=net.apply, params=net.init(jax.random.key(0), x)["params"], tx=optax.sgd(0.1))
    losses = []
    for _ in range(steps):
        state, loss = step(state, x)
        losses.append(loss)
    return state, losses


def returned(x):
    net = Net()
    params = net.init(jax.random.key(0), x)["params"]
    return net.apply({"params": params}, x)


def nothing_is_sown(x):
    quiet = Quiet()
    params = quiet.init(jax.random.key(0), x)["params"]
    y = quiet.apply({"params": params}, x)
    return y.sum()
