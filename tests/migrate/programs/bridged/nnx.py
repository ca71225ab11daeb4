"""A program whose model has a layer without a twin in NNX."""

import jax
import jax.numpy as jnp
import optax
from flax import linen as nn
from flax import nnx


class Patches(nnx.Module):
    """Stays Linen: NNX has no layer with weights of their own for each place."""

    def __init__(self, features: int, *, rngs: nnx.Rngs):
        self.conv_local = nnx.bridge.ToNNX(nn.ConvLocal(features, (3,)), rngs=rngs)

    def __call__(self, x):
        return nnx.relu(self.conv_local(x))


class Net(nnx.Module):
    def __init__(self, classes: int, *, rngs: nnx.Rngs):
        self.patches = Patches(4, rngs=rngs)
        self.batch_norm = nnx.BatchNorm(4, momentum=0.9, rngs=rngs)
        self.dense = nnx.Linear(4, classes, rngs=rngs)

    def __call__(self, x, train: bool = False):
        x = self.patches(x)
        x = self.batch_norm(x, use_running_average=not train)
        return self.dense(x.mean(axis=1))


def create_state(key, x):
    model = Net(classes=3, rngs=nnx.Rngs(key))
    nnx.bridge.lazy_init(model, x, train=False)
    optimizer = nnx.Optimizer(model, optax.sgd(0.1), wrt=nnx.Param)
    return model, optimizer


@nnx.jit
def step(model, optimizer, x, y):
    def loss_fn(model):
        logits = model(x, train=True)
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()

    loss, grads = nnx.value_and_grad(loss_fn)(model)
    optimizer.update(model, grads)
    return loss


def train(batches):
    model, optimizer = create_state(jax.random.key(0), jnp.zeros((1, 6, 2)))
    losses = []
    for x, y in batches:
        loss = step(model, optimizer, x, y)
        losses.append(loss)
    return model, optimizer, losses


def logits(x):
    model = nnx.bridge.lazy_init(Net(3, rngs=nnx.Rngs(1)), x)
    return model(x)


def hidden(key, x):
    patches = Patches(4, rngs=nnx.Rngs(key))
    nnx.bridge.lazy_init(patches, x)
    return patches(x)
