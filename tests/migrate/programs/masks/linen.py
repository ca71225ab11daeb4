"""Masks and labels of optax, by shape and by the names of variables and layers."""
import math

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from flax import traverse_util
from flax.training.train_state import TrainState


def spread(key, shape, dtype=jnp.float32):
    return jnp.sin(jnp.arange(math.prod(shape), dtype=dtype)).reshape(shape)


class MLP(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = nn.LayerNorm()(nn.Dense(4, name="backbone", kernel_init=spread)(x))
        return nn.Dense(1, name="head", kernel_init=spread)(x)


def steps(state, x, y):
    outputs = []
    for _ in range(2):
        grads = jax.grad(lambda params: jnp.square(state.apply_fn({"params": params}, x)[:, 0] - y).mean())(state.params)
        state = state.apply_gradients(grads=grads)
        outputs.append(state.apply_fn({"params": state.params}, x))
    return outputs


def by_shape(x, y):
    model = MLP()
    params = model.init(jax.random.key(0), x)["params"]
    mask = jax.tree.map(lambda p: p.ndim > 1, params)
    tx = optax.adamw(0.1, weight_decay=0.1, mask=mask)
    state = TrainState.create(apply_fn=model.apply, params=params, tx=tx)
    return steps(state, x, y)


def by_name(x, y):
    model = MLP()
    params = model.init(jax.random.key(0), x)["params"]
    mask = traverse_util.path_aware_map(lambda path, _: path[-1] not in ("bias", "scale"), params)
    state = TrainState.create(apply_fn=model.apply, params=params, tx=optax.masked(optax.sgd(0.1), mask))
    return steps(state, x, y)


def by_key(x, y):
    model = MLP()
    params = model.init(jax.random.key(0), x)["params"]
    tx = optax.chain(
        optax.add_decayed_weights(
            0.1, mask=jax.tree_util.tree_map_with_path(lambda path, p: path[-1].key == "kernel", params)
        ),
        optax.sgd(0.1),
    )
    state = TrainState.create(apply_fn=model.apply, params=params, tx=tx)
    return steps(state, x, y)


def frozen(x, y):
    model = MLP()
    params = model.init(jax.random.key(0), x)["params"]
    print(model.tabulate(jax.random.key(0), x, depth=1))
    # The head is trained.
    labels = traverse_util.path_aware_map(lambda path, v: "frozen" if "backbone" in path else "trainable", params)
    tx = optax.multi_transform({"trainable": optax.adam(5e-3), "frozen": optax.set_to_zero()}, labels)
    state = TrainState.create(apply_fn=model.apply, params=params, tx=tx)
    return steps(state, x, y)
