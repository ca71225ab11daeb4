"""Heads that run with the weights of an embedding where a call gives them, and with a layer of their own where it does not."""
import flax.linen as nn
import jax.numpy as jnp


class Head(nn.Module):
    vocab: int
    width: int

    def setup(self):
        self.transform = nn.Dense(self.width)
        self.decoder = nn.Dense(self.vocab, use_bias=False)

    def __call__(self, x, table=None):
        x = self.transform(x)
        if table is not None:
            return self.decoder.apply({"params": {"kernel": table.T}}, x)
        return self.decoder(x)


class EitherHead(nn.Module):
    vocab: int
    width: int

    def setup(self):
        self.transform = nn.Dense(self.width)
        self.decoder = nn.Dense(self.vocab, use_bias=False)

    def __call__(self, x, table=None):
        x = self.transform(x)
        if table is None:
            x = self.decoder(x)
        else:
            x = self.decoder.apply({"params": {"kernel": table.T}}, x)
        return jnp.tanh(x)


class Heads(nn.Module):
    """Hands the weights on."""

    vocab: int
    width: int

    def setup(self):
        self.predictions = EitherHead(self.vocab, self.width)
        self.other = nn.Dense(2)

    def __call__(self, x, table=None):
        return self.predictions(x, table=table), self.other(x)


class Model(nn.Module):
    vocab: int
    width: int
    tie: bool = True

    def setup(self):
        self.embed = nn.Embed(self.vocab, self.width)
        self.heads = Heads(self.vocab, self.width)
        self.second = EitherHead(self.vocab, self.width)
        self.own = EitherHead(self.vocab, self.width)

    def __call__(self, tokens):
        x = self.embed(tokens)
        if self.tie:
            table = self.embed.variables["params"]["embedding"]
        else:
            table = None
        other = None if self.tie else self.embed.variables["params"]["embedding"]
        return self.heads(x, table), self.second(x, other), self.own(x)


class Unknown(nn.Module):
    """The call decides."""

    vocab: int

    def setup(self):
        self.embed = nn.Embed(self.vocab, 4)
        self.head = EitherHead(self.vocab, 4)

    def __call__(self, tokens, tie: bool = True):
        x = self.embed(tokens)
        table = self.embed.variables["params"]["embedding"] if tie else None
        return self.head(x, table)


class Reassigned(nn.Module):
    """Always made: the argument is not what the call gives."""

    vocab: int

    def setup(self):
        self.decoder = nn.Dense(self.vocab, use_bias=False)

    def __call__(self, x, table=None):
        table = x if table is None else table
        if table is not None:
            return self.decoder.apply({"params": {"kernel": table.T}}, x)
        else:
            return self.decoder(x)


class Needed(nn.Module):
    """Always made: nothing runs in its place."""

    vocab: int

    def setup(self):
        self.decoder = nn.Dense(self.vocab, use_bias=False)

    def __call__(self, x, bias=None):
        if bias is None:
            return self.decoder(x)
        else:
            return x + bias


class InMethod(nn.Module):
    """Always made: another method is called otherwise."""

    vocab: int

    def setup(self):
        self.decoder = nn.Dense(self.vocab, use_bias=False)

    def __call__(self, x):
        return self.decode(x)

    def decode(self, x, table=None):
        if table is None:
            return self.decoder(x)
        else:
            return self.decoder.apply({"params": {"kernel": table.T}}, x)
