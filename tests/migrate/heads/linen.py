"""Sizes through heads of attention, tuples of outputs and arguments that are left out; where they are not told they stay open."""
from typing import Any, Optional

import flax.linen as nn
import jax
import jax.numpy as jnp


class Attention(nn.Module):
    size: int
    heads: int = 2

    def setup(self):
        self.query = nn.Dense(self.size)
        self.key = nn.Dense(self.size)
        self.value = nn.Dense(self.size)
        self.out = nn.Dense(self.size)
        self.width = self.size // self.heads

    def split(self, x):
        return x.reshape(x.shape[:2] + (self.heads, self.width))

    def __call__(self, x, keys: Optional[jax.Array] = None, head_mask=None, weights: bool = False):
        query = self.split(self.query(x))
        if keys is not None:
            key, value = self.key(keys), self.value(keys)
        else:
            key, value = self.key(x), self.value(x)
        key, value = self.split(key), self.split(value)
        scores = nn.softmax(jnp.einsum("...qhd,...khd->...hqk", query, key))
        if head_mask is not None:
            scores = jnp.einsum("...hqk,h->...hqk", scores, head_mask)
        y = jnp.einsum("...hqk,...khd->...qhd", scores, value)
        y = self.out(y.reshape(y.shape[:2] + (-1,)))
        return (y, scores) if weights else (y,)


class Layer(nn.Module):
    size: int
    cross: bool = False

    def setup(self):
        self.attention = Attention(self.size)
        if self.cross:
            self.crossing = Attention(self.size)
        self.mlp = nn.Dense(2 * self.size)
        self.down = nn.Dense(self.size)

    def __call__(self, x, context: Optional[jax.Array] = None, weights: bool = False):
        found = self.attention(x, weights=weights)
        y = found[0]
        if context is not None:
            y = self.crossing(y, keys=context)[0]
        y = self.down(nn.relu(self.mlp(y)))
        outputs = (y,)
        if weights:
            outputs += (found[1],)
        return outputs


class Encoder(nn.Module):
    size: int
    depth: int = 2

    def setup(self):
        self.layers = [Layer(self.size) for _ in range(self.depth)]

    def __call__(self, x, states: bool = False, weights: bool = False):
        every = () if states else None
        for layer in self.layers:
            if states:
                every += (x,)
            x = layer(x, weights=weights)[0]
        outputs = (x, every)
        return tuple(v for v in outputs if v is not None)


class Classifier(nn.Module):
    size: int
    classes: int

    def setup(self):
        self.encoder = Encoder(self.size)
        self.norm = nn.LayerNorm()
        self.head = nn.Dense(self.classes)

    def __call__(self, x):
        outputs = self.encoder(x)
        y = self.norm(outputs[0])
        return self.head(y), outputs[1:]


class Translator(nn.Module):
    size: int

    def setup(self):
        self.layer = Layer(self.size, cross=True)
        self.head = nn.Dense(3)

    def __call__(self, x, context):
        return self.head(self.layer(x, context)[0])


class OtherRows(nn.Module):
    """The rows of another array do not tell the rest of this one."""

    size: int

    @nn.compact
    def __call__(self, x, y):
        pooled = nn.Dense(self.size)(x)
        return nn.Dense(3)(pooled.reshape(y.shape[:2] + (-1,)))


class Last(nn.Module):
    """The last element of a tuple that may be longer is not the first."""

    size: int

    def setup(self):
        self.layer = Layer(self.size)
        self.head = nn.Dense(3)

    def __call__(self, x, weights: bool = False):
        return self.head(self.layer(x, weights=weights)[-1])


class Late(nn.Module):
    """A value that is set after the layer, but in a branch."""

    size: int
    wide: bool = False

    def setup(self):
        self.dense = nn.Dense(self.width)
        if self.wide:
            self.width = 2 * self.size
        else:
            self.width = self.size

    def __call__(self, x):
        return self.dense(x)


class Shared(nn.Module):
    """A layer that only one branch makes is there before what is given it."""

    table: bool = False

    def setup(self):
        if self.table:
            self.embed = nn.Embed(5, 4)
        else:
            self.embed = None
        self.user = Given(self.embed)

    def __call__(self, x):
        return self.user(x)


class Given(nn.Module):
    embed: Any = None

    @nn.compact
    def __call__(self, x):
        if self.embed is None:
            embed = nn.Embed(5, 4)
        else:
            embed = self.embed
        return embed(x)


class Numbered(nn.Module):
    """A loop over the numbers by which the layers were made, that takes each by its number."""

    size: int
    depth: int = 2

    def setup(self):
        self.layers = [Layer(self.size) for i in range(self.depth)]

    def __call__(self, x):
        for number in range(self.depth):
            x = self.layers[number](x)[0]
        return x


class Groups(nn.Module):
    """A loop over other numbers says nothing of the layer that each turn takes."""

    size: int
    depth: int = 4

    def setup(self):
        self.layers = [Layer(self.size) for i in range(2)]

    def __call__(self, x):
        for number in range(self.depth):
            x = self.layers[number // 2](x)[0]
        return x


class LocalSizes(nn.Module):
    """A size that the call computes from fields is written out where the layer is made."""

    features: int
    heads: int

    def setup(self):
        self.values = nn.Dense(self.features)
        self.out = nn.Dense(self.features)

    def __call__(self, x):
        head_dim = self.features // self.heads
        values = self.values(x).reshape(x.shape[:2] + (self.heads, head_dim))
        return self.out(values.reshape(values.shape[:2] + (-1,)))


class OfTheCall(nn.Module):
    """A size that has two values, or depends on the call, is a parameter."""

    features: int
    heads: int

    def setup(self):
        self.values = nn.Dense(self.features)
        self.out = nn.Dense(self.features)

    def __call__(self, x, wide: bool = False):
        head_dim = self.features // self.heads
        if wide:
            head_dim = 2 * self.features
        values = self.values(x).reshape(x.shape[:1] + (-1, head_dim))
        return self.out(values)
