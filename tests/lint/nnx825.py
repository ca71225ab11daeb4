"""Arguments of `nnx.Optimizer` before flax 0.11; today's, ModelAndOptimizer, optax and torch stay silent."""
import optax
import torch
from flax import nnx
from flax.nnx import Optimizer


def found(model, tx, grads, given: nnx.Optimizer):
    optimizer = nnx.Optimizer(model, tx)  # NNX825: 16
    other = Optimizer(model=model, tx=optax.adam(0.1))  # NNX825: 12
    optimizer.update(grads)  # NNX825: 4
    given.update(grads, value=3)  # NNX825: 4
    return other


# ---- silent -------------------------------------------------------------------------------------------------------


class Own(nnx.Optimizer):
    def update(self, grads):
        return grads


def right(model, tx, grads, own: Own, unknown, arguments):
    optimizer = nnx.Optimizer(model, tx, wrt=nnx.Param)
    optimizer.update(model, grads=grads)
    optimizer.update(*arguments)
    optimizer.update(**arguments)
    own.update(grads)
    unknown.update(grads)
    nnx.Optimizer(model, tx, nnx.Param)
    nnx.Optimizer(*arguments)
    nnx.Optimizer(model, tx, **arguments)
    return torch.optim.Optimizer(model, tx), optax.sgd(0.1).update(grads), dict().update(grads)


def by_release(optimizer: nnx.Optimizer, model, grads):
    if takes_model(optimizer):  # noqa: F821
        optimizer.update(model, grads)
    else:
        optimizer.update(grads)
