"""Sizes through heads of attention, tuples of outputs and arguments that are left out; where they are not told they stay open."""
from typing import Any, Optional

import flax.linen as nn
from flax import nnx
import jax
import jax.numpy as jnp


class Attention(nnx.Module):
    def __init__(
        self,
        in_features: int,
        keys_features: int,
        size: int,
        heads: int = 2,
        *,
        rngs: nnx.Rngs,
    ):
        self.heads = heads
        self.query = nnx.Linear(in_features, size, rngs=rngs)
        self.key = nnx.Linear(keys_features, size, rngs=rngs)
        self.value = nnx.Linear(keys_features, size, rngs=rngs)
        self.width = size // heads
        self.out = nnx.Linear(heads * self.width, size, rngs=rngs)

    def split(self, x):
        return x.reshape(x.shape[:2] + (self.heads, self.width))

    def __call__(self, x, keys: Optional[jax.Array] = None, head_mask=None, weights: bool = False):
        query = self.split(self.query(x))
        if keys is not None:
            key, value = self.key(keys), self.value(keys)
        else:
            key, value = self.key(x), self.value(x)
        key, value = self.split(key), self.split(value)
        scores = nnx.softmax(jnp.einsum("...qhd,...khd->...hqk", query, key))
        if head_mask is not None:
            scores = jnp.einsum("...hqk,h->...hqk", scores, head_mask)
        y = jnp.einsum("...hqk,...khd->...qhd", scores, value)
        y = self.out(y.reshape(y.shape[:2] + (-1,)))
        return (y, scores) if weights else (y,)


class Layer(nnx.Module):
    def __init__(
        self,
        in_features: int,
        context_features: int,
        size: int,
        cross: bool = False,
        *,
        rngs: nnx.Rngs,
    ):
        self.attention = Attention(in_features, in_features, size, rngs=rngs)
        if cross:
            self.crossing = Attention(size, context_features, size, rngs=rngs)
        self.mlp = nnx.Linear(size, 2 * size, rngs=rngs)
        self.down = nnx.Linear(2 * size, size, rngs=rngs)

    def __call__(self, x, context: Optional[jax.Array] = None, weights: bool = False):
        found = self.attention(x, weights=weights)
        y = found[0]
        if context is not None:
            y = self.crossing(y, keys=context)[0]
        y = self.down(nnx.relu(self.mlp(y)))
        outputs = (y,)
        if weights:
            outputs += (found[1],)
        return outputs


class Encoder(nnx.Module):
    def __init__(self, in_features: int, size: int, depth: int = 2, *, rngs: nnx.Rngs):
        self.layers = nnx.List([])
        x_features = in_features
        for _ in range(depth):
            self.layers.append(Layer(x_features, None, size, rngs=rngs))
            x_features = size

    def __call__(self, x, states: bool = False, weights: bool = False):
        every = () if states else None
        for layer in self.layers:
            if states:
                every += (x,)
            x = layer(x, weights=weights)[0]
        outputs = (x, every)
        return tuple(v for v in outputs if v is not None)


class Classifier(nnx.Module):
    def __init__(self, in_features: int, size: int, classes: int, *, rngs: nnx.Rngs):
        self.encoder = Encoder(in_features, size, rngs=rngs)
        self.norm = nnx.LayerNorm(size, rngs=rngs)
        self.head = nnx.Linear(size, classes, rngs=rngs)

    def __call__(self, x):
        outputs = self.encoder(x)
        y = self.norm(outputs[0])
        return self.head(y), outputs[1:]


class Translator(nnx.Module):
    def __init__(
        self, in_features: int, context_features: int, size: int, *, rngs: nnx.Rngs
    ):
        self.layer = Layer(in_features, context_features, size, cross=True, rngs=rngs)
        self.head = nnx.Linear(size, 3, rngs=rngs)

    def __call__(self, x, context):
        return self.head(self.layer(x, context)[0])


class OtherRows(nnx.Module):
    """The rows of another array do not tell the rest of this one."""

    def __init__(
        self, in_features: int, dense_1_in_features: int, size: int, *, rngs: nnx.Rngs
    ):
        self.dense_0 = nnx.Linear(in_features, size, rngs=rngs)
        self.dense_1 = nnx.Linear(dense_1_in_features, 3, rngs=rngs)

    def __call__(self, x, y):
        pooled = self.dense_0(x)
        return self.dense_1(pooled.reshape(y.shape[:2] + (-1,)))


class Last(nnx.Module):
    """The last element of a tuple that may be longer is not the first."""

    def __init__(
        self, in_features: int, head_in_features: int, size: int, *, rngs: nnx.Rngs
    ):
        self.layer = Layer(in_features, None, size, rngs=rngs)
        self.head = nnx.Linear(head_in_features, 3, rngs=rngs)

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


class Shared(nnx.Module):
    """A layer that only one branch makes is there before what is given it."""

    def __init__(self, table: bool = False, *, rngs: nnx.Rngs):
        if table:
            self.embed = nnx.Embed(5, 4, rngs=rngs)
        else:
            self.embed = nnx.data(None)
        self.user = Given(self.embed, rngs=rngs)

    def __call__(self, x):
        return self.user(x)


class Given(nnx.Module):
    def __init__(self, embed: Any = None, *, rngs: nnx.Rngs):
        self.embed = embed
        if self.embed is None:
            self.embed_layer = nnx.Embed(5, 4, rngs=rngs)

    def __call__(self, x):
        if self.embed is None:
            embed = self.embed_layer
        else:
            embed = self.embed
        return embed(x)


class Numbered(nnx.Module):
    """A loop over the numbers by which the layers were made, that takes each by its number."""

    def __init__(self, in_features: int, size: int, depth: int = 2, *, rngs: nnx.Rngs):
        self.depth = depth
        self.layers = nnx.List([])
        x_features = in_features
        for i in range(depth):
            self.layers.append(Layer(x_features, None, size, rngs=rngs))
            x_features = size

    def __call__(self, x):
        for number in range(self.depth):
            x = self.layers[number](x)[0]
        return x


class Groups(nnx.Module):
    """A loop over other numbers says nothing of the layer that each turn takes."""

    def __init__(
        self, layers_in_features: int, size: int, depth: int = 4, *, rngs: nnx.Rngs
    ):
        self.depth = depth
        self.layers = nnx.List([])
        for i in range(2):
            self.layers.append(Layer(layers_in_features, None, size, rngs=rngs))

    def __call__(self, x):
        for number in range(self.depth):
            x = self.layers[number // 2](x)[0]
        return x


class LocalSizes(nnx.Module):
    """A size that the call computes from fields is written out where the layer is made."""

    def __init__(self, in_features: int, features: int, heads: int, *, rngs: nnx.Rngs):
        self.features = features
        self.heads = heads
        self.values = nnx.Linear(in_features, features, rngs=rngs)
        self.out = nnx.Linear(heads * (features // heads), features, rngs=rngs)

    def __call__(self, x):
        head_dim = self.features // self.heads
        values = self.values(x).reshape(x.shape[:2] + (self.heads, head_dim))
        return self.out(values.reshape(values.shape[:2] + (-1,)))


class OfTheCall(nnx.Module):
    """A size that has two values, or depends on the call, is a parameter."""

    def __init__(
        self,
        in_features: int,
        values_features: int,
        features: int,
        heads: int,
        *,
        rngs: nnx.Rngs,
    ):
        self.features = features
        self.heads = heads
        self.values = nnx.Linear(in_features, features, rngs=rngs)
        self.out = nnx.Linear(values_features, features, rngs=rngs)

    def __call__(self, x, wide: bool = False):
        head_dim = self.features // self.heads
        if wide:
            head_dim = 2 * self.features
        values = self.values(x).reshape(x.shape[:1] + (-1, head_dim))
        return self.out(values)
