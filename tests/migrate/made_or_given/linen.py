from typing import Any

from flax import linen as nn


class Decoder(nn.Module):
    """A layer is made where none is given: what follows has the size that it gives."""

    features: int
    shared: Any = None

    @nn.compact
    def __call__(self, tokens):
        if self.shared is None:
            embed = nn.Embed(num_embeddings=7, features=self.features)
        else:
            embed = self.shared
        x = embed(tokens)
        return nn.Dense(3)(nn.LayerNorm()(x))


class Shifted(nn.Module):
    """The test says nothing of what is given: the size stays unknown."""

    features: int
    wide: bool = False
    shared: Any = None

    @nn.compact
    def __call__(self, tokens):
        if self.wide:
            embed = nn.Embed(num_embeddings=7, features=self.features)
        else:
            embed = self.shared
        return nn.Dense(3)(embed(tokens))
