"""Model classes as values: given to the function that makes the model, one of several variants."""
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp


class Net(nn.Module):
    features: int
    depth: int = 1

    @nn.compact
    def __call__(self, x):
        for _ in range(self.depth):
            x = nn.Dense(self.features)(x)
        return x


Deep = partial(Net, depth=3)


def create(*, cls, **kwargs):
    return cls(features=4, **kwargs)


def evaluate(x):
    model = create(cls=Deep)
    params = model.init({"params": jax.random.key(0)}, jnp.ones((1, 3)))["params"]
    return model.apply({"params": params}, x)


def other_depth(x):
    model = create(cls=Net, depth=2)
    params = model.init({"params": jax.random.key(0)}, x)["params"]
    return model.apply({"params": params}, x)
