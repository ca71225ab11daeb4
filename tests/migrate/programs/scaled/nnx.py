"""A train state that keeps a loss scale and a key: steps whose gradients overflow leave it as it was."""
import functools

from flax import nnx
import jax
import jax.numpy as jnp
import optax
from flax.training import dynamic_scale as dynamic_scale_lib


class Net(nnx.Module):
    def __init__(
        self, in_features: int, features: int, rate: float = 0.0, *, rngs: nnx.Rngs
    ):
        self.dense_0 = nnx.Linear(in_features, features, rngs=rngs)
        self.batch_norm = nnx.BatchNorm(features, momentum=0.9, rngs=rngs)
        self.dropout = nnx.Dropout(rate, rngs=rngs)
        self.dense_1 = nnx.Linear(features, 1, rngs=rngs)

    def __call__(self, x, train: bool = True):
        x = self.dense_0(x)
        x = self.batch_norm(x, use_running_average=not train)
        x = self.dropout(nnx.relu(x), deterministic=not train)
        return self.dense_1(x)[..., 0]


class ScaledState(nnx.Optimizer):
    """What a training needs."""

    def __init__(
        self,
        model,
        tx,
        key: jax.Array,
        dynamic_scale: dynamic_scale_lib.DynamicScale | None = None,
    ):
        super().__init__(model, tx, wrt=nnx.Param)
        self.key = nnx.Variable(key)
        self.dynamic_scale = nnx.Variable(dynamic_scale)


@nnx.jit
def step(model: nnx.Module, optimizer: ScaledState, x, y):
    key, new_key = jax.random.split(optimizer.key.get_value())

    graphdef, params, rest = nnx.split(model, nnx.Param, ...)

    def loss_fn(params):
        """Of the parameters alone."""
        model = nnx.merge(graphdef, params, rest, copy=True)
        nnx.reseed(model, dropout=key)
        out = model(x)
        updates = nnx.state(model, nnx.BatchStat)
        decay = sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(params))
        return jnp.square(out - y).mean() + 1e-3 * decay, (updates, out)

    dynamic_scale = optimizer.dynamic_scale.get_value()
    if dynamic_scale:
        grad_fn = dynamic_scale.value_and_grad(loss_fn, has_aux=True)
        dynamic_scale, is_finite, aux, grads = grad_fn(params)
        optimizer.dynamic_scale.set_value(dynamic_scale)
    else:
        grad_fn = jax.value_and_grad(loss_fn, has_aux=True)
        aux, grads = grad_fn(params)
    loss, (updates, out) = aux
    nnx.update(model, updates)
    optimizer.key.set_value(new_key)
    old_model = nnx.clone(model)
    old_optimizer = nnx.clone(optimizer)
    optimizer.update(model, grads)
    if dynamic_scale:
        select = functools.partial(jnp.where, is_finite)
        # leaf by leaf
        nnx.update(
            model,
            jax.tree.map(
                select, nnx.state(model, nnx.Param), nnx.state(old_model, nnx.Param)
            ),
        )
        nnx.update(
            optimizer.opt_state,
            jax.tree.map(
                select,
                nnx.state(optimizer.opt_state),
                nnx.state(old_optimizer.opt_state),
            ),
        )
    return loss, out


@nnx.jit
def clipped(model: nnx.Module):
    nnx.update(
        model,
        jax.tree.map(
            lambda leaf: jnp.clip(leaf, -0.1, 0.1), nnx.state(model, nnx.Param)
        ),
    )


@nnx.jit
def renewed(optimizer: ScaledState):
    optimizer.key.set_value(
        jax.random.fold_in(optimizer.key.get_value(), optimizer.step[...])
    )


@nnx.jit
def evaluate(model, x, y):
    return jnp.square(model(x, train=False) - y).mean()


def create(x, dynamic_scale):
    net = Net(in_features=x.shape[-1], features=8, rngs=nnx.Rngs(1, dropout=2))
    optimizer = ScaledState(
        net, optax.adam(0.01), key=jax.random.key(3), dynamic_scale=dynamic_scale
    )
    return net, optimizer


def train(x, y, dynamic_scale, steps=3):
    model, optimizer = create(x, dynamic_scale)
    losses = []
    for _ in range(steps):
        loss, _ = step(model, optimizer, x, y)
        losses.append(loss)
    renewed(optimizer)
    return losses, evaluate(model, x, y)
