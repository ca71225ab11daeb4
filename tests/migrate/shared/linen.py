"""Layers that several classes use: given as fields, read by others, run with weights of others."""
import flax.linen as nn


class Encoder(nn.Module):
    size: int
    embed: nn.Embed

    def setup(self):
        self.norm = nn.LayerNorm()
        self.dense = nn.Dense(self.size)

    def __call__(self, tokens):
        return self.dense(self.norm(self.embed(tokens)))


class Seq(nn.Module):
    vocab: int
    size: int

    def setup(self):
        self.shared = nn.Embed(self.vocab, self.size)
        self.encoder = Encoder(self.size, embed=self.shared)
        self.decoder = Encoder(self.size, self.shared)

    def __call__(self, tokens, targets):
        x = self.encoder(tokens).mean(1, keepdims=True) + self.decoder(targets)
        return self.shared.attend(x)


class Model(nn.Module):
    vocab: int
    size: int

    def setup(self):
        self.seq = Seq(self.vocab, self.size)
        self.bias = self.param("bias", nn.initializers.zeros, (1, self.seq.shared.num_embeddings))

    def __call__(self, tokens, targets):
        y = self.seq(tokens, targets) + self.bias
        kernel = self.seq.variables["params"]["shared"]["embedding"]
        return y + kernel.sum()


class Tied(nn.Module):
    vocab: int
    size: int

    def setup(self):
        self.seq = Seq(self.vocab, self.size)
        self.head = nn.Dense(self.vocab, use_bias=False)

    def __call__(self, tokens, targets):
        y = self.seq(tokens, targets)[..., : self.size]
        plain = self.head(y)
        shared = self.seq.variables["params"]["shared"]["embedding"]
        return plain + self.head.apply({"params": {"kernel": shared.T}}, y)
