import flax.linen as nn


class Dense2(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.features)(nn.relu(nn.Dense(self.features)(x)))


class Norm(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.LayerNorm()(x)


class Local(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.ConvLocal(4, (3,))(x)
