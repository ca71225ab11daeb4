import flax.linen as nn
import jax
from flax import nnx

from app.blocks import Dense2, Local


class Encoder(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.dense2 = Dense2(in_features, features, rngs=rngs)

    def __call__(self, x):
        return nnx.relu(self.dense2(x))


class Model(nn.Module):
    @nn.compact
    def __call__(self, x):
        return Local()(nnx.bridge.to_linen(Encoder, x.shape[-1], 8, name="Encoder_0")(x))


class Reader(nn.Module):
    @nn.compact
    def __call__(self, x):
        self.scope.put_variable("cache", "seen", x)
        return x


@jax.jit
def step(encoder: Encoder, optimizer: nnx.Optimizer, x):
    grads = nnx.grad(lambda encoder: encoder(x).sum())(encoder)
    optimizer.update(encoder, grads)
