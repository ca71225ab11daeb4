"""Layers that several classes use: given as fields, read by others, run with weights of others."""
from flax import nnx


class Encoder(nnx.Module):
    def __init__(self, size: int, embed: nnx.Embed, *, rngs: nnx.Rngs):
        self.embed = embed
        self.norm = nnx.LayerNorm(embed.features, rngs=rngs)
        self.dense = nnx.Linear(embed.features, size, rngs=rngs)

    def __call__(self, tokens):
        return self.dense(self.norm(self.embed(tokens)))


class Seq(nnx.Module):
    def __init__(self, vocab: int, size: int, *, rngs: nnx.Rngs):
        self.shared = nnx.Embed(vocab, size, rngs=rngs)
        self.encoder = Encoder(size, embed=self.shared, rngs=rngs)
        self.decoder = Encoder(size, self.shared, rngs=rngs)

    def __call__(self, tokens, targets):
        x = self.encoder(tokens).mean(1, keepdims=True) + self.decoder(targets)
        return self.shared.attend(x)


class Model(nnx.Module):
    def __init__(self, vocab: int, size: int, *, rngs: nnx.Rngs):
        self.seq = Seq(vocab, size, rngs=rngs)
        self.bias = nnx.Param(
            nnx.initializers.zeros(rngs.params(), (1, self.seq.shared.num_embeddings))
        )

    def __call__(self, tokens, targets):
        y = self.seq(tokens, targets) + self.bias[...]
        kernel = self.seq.shared.embedding[...]
        return y + kernel.sum()


class Tied(nnx.Module):
    def __init__(self, vocab: int, size: int, *, rngs: nnx.Rngs):
        self.size = size
        self.seq = Seq(vocab, size, rngs=rngs)
        self.head = nnx.Linear(size, vocab, use_bias=False, rngs=rngs)

    def __call__(self, tokens, targets):
        y = self.seq(tokens, targets)[..., : self.size]
        plain = self.head(y)
        shared = self.seq.shared.embedding[...]
        return plain + nnx.merge(nnx.graphdef(self.head), {"kernel": shared.T})(y)
