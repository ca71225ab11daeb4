"""Layers of setup that run under a condition on fields have variables only there."""
import flax.linen as nn
import jax.numpy as jnp


class Pooled(nn.Module):
    features: int
    pool: bool = True
    heads: int = 0

    def setup(self):
        self.dense = nn.Dense(self.features)
        self.pooler = nn.Dense(self.features)  # of the first token
        self.head = nn.Dense(3)
        self.other = nn.Dense(3)

    def __call__(self, x):
        x = self.dense(x)
        pooled = jnp.tanh(self.pooler(x[:, 0])) if self.pool else None
        if self.heads == 0 or not self.pool:
            return x, pooled
        elif self.heads == 1:
            return self.head(x), pooled
        return self.other(x), self.other(pooled)


class Tied(nn.Module):
    """The head runs with weights of the embedding, or with its own."""

    vocab: int
    width: int
    tie: bool = True
    dtype: jnp.dtype = jnp.float32

    def setup(self):
        self.embed = nn.Embed(self.vocab, self.width)
        self.head = nn.Dense(self.vocab, use_bias=False, dtype=self.dtype)
        self.biased = nn.Dense(self.vocab)

    def __call__(self, tokens, kernel, bias):
        x = self.embed(tokens)
        if self.tie:
            shared = self.embed.variables["params"]["embedding"]
            y = self.head.apply({"params": {"kernel": shared.T}}, x)
        else:
            y = self.head(x)
        return y + self.biased.apply({"params": {"kernel": kernel, "bias": bias}}, x)


class Early(nn.Module):
    """What runs after a return runs only without it; a check is no condition."""

    features: int
    pool: bool = True

    def setup(self):
        self.dense = nn.Dense(self.features)
        self.last = nn.Dense(self.features)

    def __call__(self, x):
        if self.features < 1:
            raise ValueError("no features")
        x = self.dense(x)
        if self.pool:
            return x.mean(1)
        return self.last(x)


class Always(nn.Module):
    """What runs elsewhere too, is known to others, or depends on the call is always made."""

    features: int
    pool: bool = True

    def setup(self):
        self.pooler = nn.Dense(self.features)
        self.read = nn.Dense(self.features)
        self.asked = nn.Dense(self.features)

    def __call__(self, x, train: bool = False):
        y = self.pooler(x) if self.pool else x
        if self.pool:
            y = y + self.read(x)
        if train:
            y = self.asked(y)
        return self.pooler(y)


class Base(nn.Module):
    features: int
    pool: bool = True

    def setup(self):
        self.pooler = nn.Dense(self.features)

    def __call__(self, x):
        return self.pooler(x) if self.pool else x


class Derived(Base):
    def __call__(self, x):
        return 2 * self.pooler(x)


def features(model):
    return model.read.features


class UnderTheSameTests(nn.Module):
    """What setup makes under a test needs it once."""

    width: int
    wide: bool = False
    gated: bool = False

    def setup(self):
        self.up = nn.Dense(self.width * 4 if self.wide else self.width)
        self.down = nn.Dense(self.width)
        if self.gated:
            self.gate = nn.Dense(self.width)

    def __call__(self, x):
        y = self.up(x)
        if self.wide:
            y = self.down(nn.gelu(y))
        if self.gated:
            y = self.gate(y)
        return y
