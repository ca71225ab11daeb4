"""Layers of setup that run under a condition on fields have variables only there."""
from flax import nnx
import jax.numpy as jnp


class Pooled(nnx.Module):
    def __init__(
        self,
        in_features: int,
        features: int,
        pool: bool = True,
        heads: int = 0,
        *,
        rngs: nnx.Rngs,
    ):
        self.features = features
        self.pool = pool
        self.heads = heads
        self.dense = nnx.Linear(in_features, features, rngs=rngs)
        # of the first token
        self.pooler = nnx.Linear(features, features, rngs=rngs) if pool else None
        self.head = (
            nnx.Linear(features, 3, rngs=rngs)
            if heads == 1 and not (heads == 0 or not pool)
            else None
        )
        self.other = nnx.Linear(features, 3, rngs=rngs)

    def __call__(self, x):
        x = self.dense(x)
        pooled = jnp.tanh(self.pooler(x[:, 0])) if self.pool else None
        if self.heads == 0 or not self.pool:
            return x, pooled
        elif self.heads == 1:
            return self.head(x), pooled
        return self.other(x), self.other(pooled)


class Tied(nnx.Module):
    """The head runs with weights of the embedding, or with its own."""

    def __init__(
        self,
        vocab: int,
        width: int,
        tie: bool = True,
        dtype: jnp.dtype = jnp.float32,
        *,
        rngs: nnx.Rngs,
    ):
        self.tie = tie
        self.dtype = dtype
        self.embed = nnx.Embed(vocab, width, rngs=rngs)
        self.head = (
            nnx.Linear(width, vocab, use_bias=False, dtype=dtype, rngs=rngs)
            if not tie
            else None
        )
        self.biased = nnx.Linear(width, vocab, rngs=rngs)

    def __call__(self, tokens, kernel, bias):
        x = self.embed(tokens)
        if self.tie:
            shared = self.embed.embedding[...]
            y = jnp.dot(*nnx.nn.dtypes.promote_dtype((x, shared.T), dtype=self.dtype))
        else:
            y = self.head(x)
        return y + nnx.merge(nnx.graphdef(self.biased), {"kernel": kernel, "bias": bias})(x)


class Early(nnx.Module):
    """What runs after a return runs only without it; a check is no condition."""

    def __init__(
        self, in_features: int, features: int, pool: bool = True, *, rngs: nnx.Rngs
    ):
        self.features = features
        self.pool = pool
        self.dense = nnx.Linear(in_features, features, rngs=rngs)
        self.last = nnx.Linear(features, features, rngs=rngs) if not pool else None

    def __call__(self, x):
        if self.features < 1:
            raise ValueError("no features")
        x = self.dense(x)
        if self.pool:
            return x.mean(1)
        return self.last(x)


class Always(nnx.Module):
    """What runs elsewhere too, is known to others, or depends on the call is always made."""

    def __init__(
        self, in_features: int, features: int, pool: bool = True, *, rngs: nnx.Rngs
    ):
        self.features = features
        self.pool = pool
        self.pooler = nnx.Linear(in_features, features, rngs=rngs)
        self.read = nnx.Linear(in_features, features, rngs=rngs)
        self.asked = nnx.Linear(features if pool else in_features, features, rngs=rngs)

    def __call__(self, x, train: bool = False):
        y = self.pooler(x) if self.pool else x
        if self.pool:
            y = y + self.read(x)
        if train:
            y = self.asked(y)
        return self.pooler(y)


class Base(nnx.Module):
    def __init__(
        self, in_features: int, features: int, pool: bool = True, *, rngs: nnx.Rngs
    ):
        self.features = features
        self.pool = pool
        self.pooler = nnx.Linear(in_features, features, rngs=rngs)

    def __call__(self, x):
        return self.pooler(x) if self.pool else x


class Derived(Base):
    def __call__(self, x):
        return 2 * self.pooler(x)


def features(model):
    return model.read.features


class UnderTheSameTests(nnx.Module):
    """What setup makes under a test needs it once."""

    def __init__(
        self,
        in_features: int,
        width: int,
        wide: bool = False,
        gated: bool = False,
        *,
        rngs: nnx.Rngs,
    ):
        self.wide = wide
        self.gated = gated
        self.up = nnx.Linear(in_features, width * 4 if wide else width, rngs=rngs)
        self.down = (
            nnx.Linear(width * 4 if wide else width, width, rngs=rngs) if wide else None
        )
        if gated:
            self.gate = nnx.Linear(width, width, rngs=rngs)

    def __call__(self, x):
        y = self.up(x)
        if self.wide:
            y = self.down(nnx.gelu(y))
        if self.gated:
            y = self.gate(y)
        return y
