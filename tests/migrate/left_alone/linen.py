"""Nothing of Linen here: NNX, torch-like and haiku-like look-alikes stay as they are."""
from flax import nnx as nn

import haiku as hk


class Block(nn.Module):
    def __init__(self, features: int, *, rngs: nn.Rngs):
        self.dense = nn.Linear(features, features, rngs=rngs)

    def __call__(self, x):
        return nn.relu(self.dense(x))


class Old(hk.Module):
    def __call__(self, x):
        return hk.Linear(3)(x)
