"""Models whose constructor takes the size of another axis than the last, by its name."""
import flax.linen as nn
import jax
import jax.numpy as jnp
import optax


class Mix(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        channels = x.shape[-2]
        kernel = self.param("kernel", nn.initializers.constant(0.5), (self.features, channels))
        return jnp.einsum("...cp,fc->...fp", x, kernel)


class Nameless(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x + self.param("table", nn.initializers.constant(0.5), (x.shape[-2], 1))


def trained(model, params, x, y):
    def loss_fn(params):
        return ((model.apply({"params": params}, x).sum(axis=(-2, -1)) - y) ** 2).mean()

    tx = optax.sgd(0.01)
    opt_state = tx.init(params)
    losses = []
    for _ in range(3):
        loss, grads = jax.value_and_grad(loss_fn)(params)
        updates, opt_state = tx.update(grads, opt_state, params)
        params = optax.apply_updates(params, updates)
        losses.append(loss)
    return losses


def by_array(x, y):
    x = jnp.stack([x, -x, x * x], axis=-2)
    model = Mix(4)
    params = model.init(jax.random.key(0), x)["params"]
    return trained(model, params, x, y)


def by_numbers(x, y):
    model = Mix(4)
    params = model.init(jax.random.key(0), jnp.ones((1, 2, 3)))["params"]
    return trained(model, params, jnp.stack([x, x * x], axis=-2), y)


def by_shape(x, y):
    shape = (1, 2, 3)
    model = Mix(4)
    params = model.init(jax.random.key(0), jnp.ones(shape))["params"]
    return trained(model, params, jnp.stack([x, x * x], axis=-2), y)


def whole(x, y):
    x = jnp.stack([x, x * x], axis=-2)
    model = Nameless()
    params = model.init(jax.random.key(0), x)["params"]
    return trained(model, params, x, y)


def too_short(x):
    model = Mix(4)
    params = model.init(jax.random.key(0), jnp.ones((3,)))["params"]
    return model.apply({"params": params}, x)
