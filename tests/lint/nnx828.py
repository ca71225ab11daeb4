"""`.eval()` under nnx.jit; outside of it, of other things, and (see nnx828_train.py) with `.train()` it is right."""
import jax
import torch
from flax import nnx


def loss_fn(model, x):
    return model(x).sum()


@nnx.jit
def train_step(model, optimizer, x):
    optimizer.update(model, nnx.grad(loss_fn)(model, x))


@nnx.jit
def eval_step(model, x):
    model.eval()  # NNX828: 4
    return loss_fn(model, x)


def later(model, x):
    model.eval()  # NNX828: 4
    return model(x)


jitted = nnx.jit(later)


# ---- silent -------------------------------------------------------------------------------------------------------


def outside(model, x):
    model.eval()
    return eval_step(model, x)


@jax.jit
def copies(model, x):
    model.eval()
    return model(x)


@nnx.jit
def own(model, x):
    copy = nnx.clone(model)
    copy.eval()
    return copy(x)


@nnx.jit
def viewed(model, x):
    return nnx.view(model, deterministic=True)(x)


def with_torch(model: torch.nn.Module, x):
    model.eval()
    return model(x)
