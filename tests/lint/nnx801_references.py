"""Variables that are references: jax.jit and jax.grad see and change them, so that none of this is a trap."""
import jax
import optax
from flax import nnx

nnx.var_defaults(hijax=True)


class Net(nnx.Module):
    def __init__(self, rngs):
        self.norm = nnx.BatchNorm(2, rngs=rngs)


model = Net(nnx.Rngs(0))
optimizer = nnx.Optimizer(model, optax.sgd(0.1))  # NNX825: 12


@jax.jit
def step(model: Net, optimizer: nnx.Optimizer, x):
    grads = jax.grad(lambda model: model.norm(x).sum())(model)
    optimizer.update(model, grads)


@jax.jit
def evaluate(x):
    return model.norm(x)


step(model, optimizer, 3)
