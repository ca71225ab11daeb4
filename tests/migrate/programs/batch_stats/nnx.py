"""Batch statistics in a train state of one's own, evaluated with those of training."""

from flax import nnx
import jax.numpy as jnp
import optax


class Net(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.dense_0 = nnx.Linear(in_features, features, rngs=rngs)
        self.batch_norm = nnx.BatchNorm(features, momentum=0.9, rngs=rngs)
        self.dense_1 = nnx.Linear(features, 1, rngs=rngs)

    def __call__(self, x, train: bool = True):
        x = self.dense_0(x)
        x = self.batch_norm(x, use_running_average=not train)
        return self.dense_1(nnx.relu(x))[..., 0]

    def penalty(self, x):
        return jnp.square(self(x, train=False)).mean()


@nnx.jit
def step(model, optimizer, x, y):
    def loss_fn(model):
        out = model(x)
        return jnp.square(out - y).mean()

    grad_fn = nnx.value_and_grad(loss_fn)
    loss, grads = grad_fn(model)
    optimizer.update(model, grads)
    return loss


@nnx.jit
def evaluate(model, x, y):
    out = model(x, train=False)
    penalty = model.penalty(x)
    return jnp.square(out - y).mean() + penalty


def train(x, y, steps=3):
    net = Net(in_features=x.shape[-1], features=8, rngs=nnx.Rngs(1))
    optimizer = nnx.Optimizer(net, optax.sgd(0.1), wrt=nnx.Param)
    losses = []
    for _ in range(steps):
        loss = step(net, optimizer, x, y)
        losses.append(loss)
    return losses, evaluate(net, x, y)
