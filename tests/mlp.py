"""A Linen module and its NNX counterpart as text; `{before}` runs in the NNX call before anything else."""
LINEN = """
import flax.linen as nn


class MLP(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.features)(x)
"""
NNX = """
from flax import nnx


class MLP(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.dense_0 = nnx.Linear(in_features, features, rngs=rngs)

    def __call__(self, x):
        {before}
        return self.dense_0(x)
"""
