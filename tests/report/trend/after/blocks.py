import flax.linen as nn
from flax import nnx


class Dense2(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.dense_0 = nnx.Linear(in_features, features, rngs=rngs)
        self.dense_1 = nnx.Linear(features, features, rngs=rngs)

    def __call__(self, x):
        return self.dense_1(nnx.relu(self.dense_0(x)))


class Norm(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.LayerNorm()(x)


class Local(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.ConvLocal(4, (3,))(x)
