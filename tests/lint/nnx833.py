"""Variables as operands of jax.lax; arrays, jax.numpy, other functions of jax.lax and other libraries stay silent."""
import equinox as eqx
import flax.linen as nn
import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax

DIMENSIONS = (((1,), (0,)), ((), ()))


class Net(nnx.Module):
    def __init__(self, rngs):
        self.kernel = nnx.Param(jnp.ones((2, 2)))
        self.layer = nnx.Linear(2, 2, rngs=rngs)
        self.array = nnx.data(jnp.ones((2, 2)))

    def __call__(self, x):
        x = lax.dot_general(x, self.kernel, DIMENSIONS)  # NNX833: 31
        x = jax.lax.add(self.layer.bias, x)  # NNX833: 24
        return jax.lax.conv_general_dilated(x, self.kernel, (1, 1), "SAME")  # NNX833: 47

    # ---- silent ---------------------------------------------------------------------------------------------------

    def right(self, x):
        x = lax.dot_general(x, self.kernel[...], DIMENSIONS)
        x = jax.lax.add(self.layer.bias[...], x)
        x = jnp.dot(x, self.kernel)
        x = jax.lax.stop_gradient(self.kernel)
        x = lax.dot(x, self.array)
        x = lax.dot(x, self.unknown)
        return x @ self.kernel


class Old(nn.Module):  # NNX103: 10
    def setup(self):  # NNX102: 4
        self.kernel = self.param("kernel", nn.initializers.ones, (2, 2))  # NNX201: 22

    def __call__(self, x):
        return lax.dot_general(x, self.kernel, DIMENSIONS)


class Equinox(eqx.Module):
    kernel: jax.Array

    def __call__(self, x):
        return lax.dot_general(x, self.kernel, DIMENSIONS)
