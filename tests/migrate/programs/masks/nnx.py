"""Masks and labels of optax, by shape and by the names of variables and layers."""
import math

from flax import nnx
import jax
import jax.numpy as jnp
import optax


def spread(key, shape, dtype=jnp.float32):
    return jnp.sin(jnp.arange(math.prod(shape), dtype=dtype)).reshape(shape)


class MLP(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.layer_norm = nnx.LayerNorm(4, rngs=rngs)
        self.backbone = nnx.Linear(in_features, 4, kernel_init=spread, rngs=rngs)
        self.head = nnx.Linear(4, 1, kernel_init=spread, rngs=rngs)

    def __call__(self, x):
        x = self.layer_norm(self.backbone(x))
        return self.head(x)


def steps(model, optimizer, x, y):
    outputs = []
    for _ in range(2):
        grads = nnx.grad(lambda model: jnp.square(model(x)[:, 0] - y).mean())(model)
        optimizer.update(model, grads)
        outputs.append(model(x))
    return outputs


def by_shape(x, y):
    model = MLP(in_features=x.shape[-1], rngs=nnx.Rngs(0))
    mask = jax.tree.map(lambda p: p.ndim > 1, nnx.as_pure(nnx.state(model, nnx.Param)))
    tx = optax.adamw(0.1, weight_decay=0.1, mask=mask)
    optimizer = nnx.Optimizer(model, tx, wrt=nnx.Param)
    return steps(model, optimizer, x, y)


def by_name(x, y):
    model = MLP(in_features=x.shape[-1], rngs=nnx.Rngs(0))
    mask = jax.tree_util.tree_map_with_path(
        lambda path, _: path[-1].key not in ("bias", "scale"),
        nnx.as_pure(nnx.state(model, nnx.Param)),
    )
    optimizer = nnx.Optimizer(model, optax.masked(optax.sgd(0.1), mask), wrt=nnx.Param)
    return steps(model, optimizer, x, y)


def by_key(x, y):
    model = MLP(in_features=x.shape[-1], rngs=nnx.Rngs(0))
    tx = optax.chain(
        optax.add_decayed_weights(
            0.1,
            mask=jax.tree_util.tree_map_with_path(
                lambda path, p: path[-1].key == "kernel",
                nnx.as_pure(nnx.state(model, nnx.Param)),
            ),
        ),
        optax.sgd(0.1),
    )
    optimizer = nnx.Optimizer(model, tx, wrt=nnx.Param)
    return steps(model, optimizer, x, y)


def frozen(x, y):
    model = MLP(in_features=x.shape[-1], rngs=nnx.Rngs(0))
    print(nnx.tabulate(model, x, depth=1))
    # The head is trained.
    labels = jax.tree_util.tree_map_with_path(
        lambda path, v: "frozen" if "backbone" in [
            key.key for key in path
        ] else "trainable",
        nnx.as_pure(nnx.state(model, nnx.Param)),
    )
    tx = optax.multi_transform({"trainable": optax.adam(5e-3), "frozen": optax.set_to_zero()}, labels)
    optimizer = nnx.Optimizer(model, tx, wrt=nnx.Param)
    return steps(model, optimizer, x, y)
