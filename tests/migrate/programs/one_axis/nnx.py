"""Models whose constructor takes the size of another axis than the last, by its name."""
from flax import nnx
import jax
import jax.numpy as jnp
import optax


class Mix(nnx.Module):
    def __init__(self, channels: int, features: int, *, rngs: nnx.Rngs):
        self.kernel = nnx.Param(
            nnx.initializers.constant(0.5)(rngs.params(), (features, channels))
        )

    def __call__(self, x):
        kernel = self.kernel[...]
        return jnp.einsum("...cp,fc->...fp", x, kernel)


class Nameless(nnx.Module):
    def __init__(self, in_shape: tuple[int, ...], *, rngs: nnx.Rngs):
        self.table = nnx.Param(
            nnx.initializers.constant(0.5)(rngs.params(), (in_shape[-2], 1))
        )

    def __call__(self, x):
        return x + self.table[...]


def trained(model, x, y):
    def loss_fn(model):
        return ((model(x).sum(axis=(-2, -1)) - y) ** 2).mean()

    tx = optax.sgd(0.01)
    optimizer = nnx.Optimizer(model, tx, wrt=nnx.Param)
    losses = []
    for _ in range(3):
        loss, grads = nnx.value_and_grad(loss_fn)(model)
        optimizer.update(model, grads)
        losses.append(loss)
    return losses


def by_array(x, y):
    x = jnp.stack([x, -x, x * x], axis=-2)
    model = Mix(x.shape[-2], 4, rngs=nnx.Rngs(0))
    return trained(model, x, y)


def by_numbers(x, y):
    model = Mix(2, 4, rngs=nnx.Rngs(0))
    return trained(model, jnp.stack([x, x * x], axis=-2), y)


def by_shape(x, y):
    model = Mix(2, 4, rngs=nnx.Rngs(0))
    return trained(model, jnp.stack([x, x * x], axis=-2), y)


def whole(x, y):
    x = jnp.stack([x, x * x], axis=-2)
    model = Nameless(in_shape=x.shape[1:], rngs=nnx.Rngs(0))
    return trained(model, x, y)


def too_short(x):
    model = Mix(4)
    params = model.init(jax.random.key(0), jnp.ones((3,)))["params"]
    return model.apply({"params": params}, x)
