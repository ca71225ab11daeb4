from typing import Any

from flax import nnx


class Decoder(nnx.Module):
    """A layer is made where none is given: what follows has the size that it gives."""

    def __init__(self, features: int, shared: Any = None, *, rngs: nnx.Rngs):
        self.shared = shared
        if shared is None:
            self.embed = nnx.Embed(7, features, rngs=rngs)
        self.dense = nnx.Linear(features, 3, rngs=rngs)
        self.layer_norm = nnx.LayerNorm(features, rngs=rngs)

    def __call__(self, tokens):
        if self.shared is None:
            embed = self.embed
        else:
            embed = self.shared
        x = embed(tokens)
        return self.dense(self.layer_norm(x))


class Shifted(nnx.Module):
    """The test says nothing of what is given: the size stays unknown."""

    def __init__(
        self,
        dense_in_features: int,
        features: int,
        wide: bool = False,
        shared: Any = None,
        *,
        rngs: nnx.Rngs,
    ):
        self.wide = wide
        self.shared = shared
        if wide:
            self.embed = nnx.Embed(7, features, rngs=rngs)
        self.dense = nnx.Linear(dense_in_features, 3, rngs=rngs)

    def __call__(self, tokens):
        if self.wide:
            embed = self.embed
        else:
            embed = self.shared
        return self.dense(embed(tokens))
