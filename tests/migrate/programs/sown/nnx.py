"""Values that are sown and that nobody asks for: Linen drops them, so they are cleared after each call."""
from flax import nnx
import jax.numpy as jnp
import optax


class Attention(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x):
        weights = nnx.softmax(self.dense(x))
        self.sow(nnx.Intermediate, "weights", weights)
        return weights * x


class Net(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(3, 1, rngs=rngs)
        self.attention = Attention(in_features, rngs=rngs)

    def __call__(self, x):
        return self.dense(self.attention(x))


class Quiet(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 1, rngs=rngs)

    def __call__(self, x):
        return self.dense(x)


@nnx.jit
def step(model, optimizer, x):
    def loss_fn(model):
        y = model(x)  # (batch, 1)
        nnx.pop(model, nnx.Intermediate)
        return jnp.mean(y**2)

    loss, grads = nnx.value_and_grad(loss_fn)(model)
    optimizer.update(model, grads)
    return loss


def train(steps):
    x = jnp.ones((2, 3))
    net = Net(in_features=3, rngs=nnx.Rngs(0))
    optimizer = nnx.Optimizer(net, optax.sgd(0.1), wrt=nnx.Param)
    losses = []
    for _ in range(steps):
        loss = step(net, optimizer, x)
        losses.append(loss)
    return net, optimizer, losses


def returned(x):
    net = Net(in_features=x.shape[-1], rngs=nnx.Rngs(0))
    return net(x)


def nothing_is_sown(x):
    quiet = Quiet(in_features=x.shape[-1], rngs=nnx.Rngs(0))
    y = quiet(x)
    return y.sum()
