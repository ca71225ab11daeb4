"""Heads that run with the weights of an embedding where a call gives them, and with a layer of their own where it does not."""
from flax import nnx
import jax.numpy as jnp


class Head(nnx.Module):
    def __init__(
        self,
        in_features: int,
        vocab: int,
        width: int,
        *,
        has_table: bool = False,
        rngs: nnx.Rngs,
    ):
        self.transform = nnx.Linear(in_features, width, rngs=rngs)
        self.decoder = (
            nnx.Linear(width, vocab, use_bias=False, rngs=rngs)
            if not has_table
            else None
        )

    def __call__(self, x, table=None):
        x = self.transform(x)
        if table is not None:
            return jnp.dot(*nnx.nn.dtypes.promote_dtype((x, table.T)))
        return self.decoder(x)


class EitherHead(nnx.Module):
    def __init__(
        self,
        in_features: int,
        vocab: int,
        width: int,
        *,
        has_table: bool = False,
        rngs: nnx.Rngs,
    ):
        self.transform = nnx.Linear(in_features, width, rngs=rngs)
        self.decoder = (
            nnx.Linear(width, vocab, use_bias=False, rngs=rngs)
            if not has_table
            else None
        )

    def __call__(self, x, table=None):
        x = self.transform(x)
        if table is None:
            x = self.decoder(x)
        else:
            x = jnp.dot(*nnx.nn.dtypes.promote_dtype((x, table.T)))
        return jnp.tanh(x)


class Heads(nnx.Module):
    """Hands the weights on."""

    def __init__(
        self,
        in_features: int,
        vocab: int,
        width: int,
        *,
        has_table: bool = False,
        rngs: nnx.Rngs,
    ):
        self.predictions = EitherHead(
            in_features, vocab, width, has_table=has_table, rngs=rngs
        )
        self.other = nnx.Linear(in_features, 2, rngs=rngs)

    def __call__(self, x, table=None):
        return self.predictions(x, table=table), self.other(x)


class Model(nnx.Module):
    def __init__(self, vocab: int, width: int, tie: bool = True, *, rngs: nnx.Rngs):
        self.tie = tie
        self.embed = nnx.Embed(vocab, width, rngs=rngs)
        self.heads = Heads(width, vocab, width, has_table=tie, rngs=rngs)
        self.second = EitherHead(width, vocab, width, has_table=not tie, rngs=rngs)
        self.own = EitherHead(width, vocab, width, rngs=rngs)

    def __call__(self, tokens):
        x = self.embed(tokens)
        if self.tie:
            table = self.embed.embedding[...]
        else:
            table = None
        other = None if self.tie else self.embed.embedding[...]
        return self.heads(x, table), self.second(x, other), self.own(x)


class Unknown(nnx.Module):
    """The call decides."""

    def __init__(self, vocab: int, *, rngs: nnx.Rngs):
        self.embed = nnx.Embed(vocab, 4, rngs=rngs)
        self.head = EitherHead(4, vocab, 4, rngs=rngs)

    def __call__(self, tokens, tie: bool = True):
        x = self.embed(tokens)
        table = self.embed.embedding[...] if tie else None
        return self.head(x, table)


class Reassigned(nnx.Module):
    """Always made: the argument is not what the call gives."""

    def __init__(self, in_features: int, vocab: int, *, rngs: nnx.Rngs):
        self.decoder = nnx.Linear(in_features, vocab, use_bias=False, rngs=rngs)

    def __call__(self, x, table=None):
        table = x if table is None else table
        if table is not None:
            return jnp.dot(*nnx.nn.dtypes.promote_dtype((x, table.T)))
        else:
            return self.decoder(x)


class Needed(nnx.Module):
    """Always made: nothing runs in its place."""

    def __init__(self, in_features: int, vocab: int, *, rngs: nnx.Rngs):
        self.decoder = nnx.Linear(in_features, vocab, use_bias=False, rngs=rngs)

    def __call__(self, x, bias=None):
        if bias is None:
            return self.decoder(x)
        else:
            return x + bias


class InMethod(nnx.Module):
    """Always made: another method is called otherwise."""

    def __init__(self, in_features: int, vocab: int, *, rngs: nnx.Rngs):
        self.decoder = nnx.Linear(in_features, vocab, use_bias=False, rngs=rngs)

    def __call__(self, x):
        return self.decode(x)

    def decode(self, x, table=None):
        if table is None:
            return self.decoder(x)
        else:
            return jnp.dot(*nnx.nn.dtypes.promote_dtype((x, table.T)))
