"""Optimizers that may hold their model, as the file names `nnx.ModelAndOptimizer`."""
from flax import nnx


def make(model, tx):
    nnx.Optimizer(model, tx)  # NNX825: 4
    return nnx.ModelAndOptimizer(model, tx)


def step(optimizer: nnx.Optimizer, grads):
    optimizer.update(grads)
