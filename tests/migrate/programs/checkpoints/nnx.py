"""Checkpoints of train states, through `tree_map` as well; `init` behind a function that hands its arguments on."""
from flax import nnx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax.training import checkpoints


class Net(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 2, rngs=rngs)

    def __call__(self, x):
        return self.dense(x)


def create(seed, size):
    model = Net(in_features=size, rngs=nnx.Rngs(jax.random.key(seed)))
    optimizer = nnx.Optimizer(model, optax.sgd(0.1, momentum=0.9), wrt=nnx.Param)
    return model, optimizer


@nnx.jit
def step(model, optimizer, x):
    def loss_fn(model):
        return jnp.mean(model(x) ** 2)

    loss, grads = nnx.value_and_grad(loss_fn)(model)
    optimizer.update(model, grads)
    return loss


def save(folder, model, optimizer):
    # On the host.
    host_state = jax.tree_util.tree_map(
        np.asarray,
        nnx.to_pure_dict(
            nnx.state({"model": model, "optimizer": optimizer}, nnx.Not(nnx.RngState))
        ),
    )
    checkpoints.save_checkpoint(
        folder, host_state, int(optimizer.step[...]), overwrite=True
    )


def restore(folder, model, optimizer):
    state = nnx.state({"model": model, "optimizer": optimizer}, nnx.Not(nnx.RngState))
    restored = checkpoints.restore_checkpoint(folder, nnx.to_pure_dict(state))
    nnx.replace_by_pure_dict(state, restored)
    nnx.update({"model": model, "optimizer": optimizer}, state)


def train(folder, x, steps, seed=0):
    model, optimizer = create(seed, 3)
    restore(folder, model, optimizer)
    losses = []
    for _ in range(steps):
        loss = step(model, optimizer, x)
        losses.append(float(loss))
    save(folder, model, optimizer)
    return int(optimizer.step[...]), losses
