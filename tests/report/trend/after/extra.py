import flax.linen as nn


class Extra(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x)
