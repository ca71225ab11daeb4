"""A script: everything at the top level, and gradients by hand."""
import flax.linen as nn
import jax
import jax.numpy as jnp


class Linear(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.features)(x)


x = jnp.ones((2, 3))
model = Linear(features=4)
variables = model.init(jax.random.key(0), x)
y = model.apply(variables, x)
print(y.shape, nn.relu(y).sum())  # the output


@jax.jit
def loss(params, x):
    return model.apply({"params": params}, x).mean()


print(jax.grad(loss)(variables["params"], x))
print(sum(leaf.size for leaf in jax.tree.leaves(variables)))
