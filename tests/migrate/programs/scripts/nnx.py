"""A script: everything at the top level, and gradients by hand."""
from flax import nnx
import jax
import jax.numpy as jnp


class Linear(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, features, rngs=rngs)

    def __call__(self, x):
        return self.dense(x)


x = jnp.ones((2, 3))
model = Linear(in_features=3, features=4, rngs=nnx.Rngs(0))
y = model(x)
print(y.shape, nnx.relu(y).sum())  # the output


@nnx.jit
def loss(model, x):
    return model(x).mean()


print(nnx.grad(loss)(model, x))
print(
    sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Not(nnx.RngState))))
)
