"""Sizes that the source does not tell."""
import flax.linen as nn
from flax import nnx
import jax.numpy as jnp

from elsewhere import features_of, table


class Attention(nnx.Module):
    """All run on the same."""

    def __init__(self, hidden_features: int, width: int, *, rngs: nnx.Rngs):
        self.dense_0 = nnx.Linear(hidden_features, width, rngs=rngs)
        self.dense_1 = nnx.Linear(hidden_features, width, rngs=rngs)
        self.dense_2 = nnx.Linear(hidden_features, width, rngs=rngs)

    def __call__(self, x):
        hidden = features_of(x)
        query = self.dense_0(hidden)
        key = self.dense_1(hidden)
        value = self.dense_2(hidden)
        return query * key + value


class Block(nnx.Module):
    """Norms, dropout and sums keep the size."""

    def __init__(self, hidden_features: int, rate: float = 0.1, *, rngs: nnx.Rngs):
        self.layer_norm = nnx.LayerNorm(hidden_features, rngs=rngs)
        self.dense_0 = nnx.Linear(hidden_features, 8, rngs=rngs)
        self.dropout = nnx.Dropout(rate, rngs=rngs)
        self.dense_1 = nnx.Linear(8 + hidden_features, 4, rngs=rngs)

    def __call__(self, x, deterministic):
        hidden = features_of(x)
        y = self.layer_norm(hidden)
        y = self.dense_0(self.dropout(y, deterministic=deterministic))
        y = jnp.concatenate([y, hidden], axis=-1)
        return self.dense_1(y)


class Versions(nnx.Module):
    """A variable that has two values of unknown size."""

    def __init__(
        self, dense_0_in_features: int, dense_2_in_features: int, *, rngs: nnx.Rngs
    ):
        self.dense_0 = nnx.Linear(dense_0_in_features, 3, rngs=rngs)
        self.dense_1 = nnx.Linear(dense_0_in_features, 3, rngs=rngs)
        self.dense_2 = nnx.Linear(dense_2_in_features, 3, rngs=rngs)
        self.dense_3 = nnx.Linear(dense_2_in_features, 3, rngs=rngs)
        self.layer_norm = nnx.LayerNorm(dense_2_in_features, rngs=rngs)

    def __call__(self, x):
        h = features_of(x)
        a = self.dense_0(h) + self.dense_1(h)
        h = features_of(a)
        return self.dense_2(h) * self.dense_3(self.layer_norm(h))


class Argument(nnx.Module):
    """The variable is an argument before."""

    def __init__(self, in_features: int, dense_1_in_features: int, *, rngs: nnx.Rngs):
        self.dense_0 = nnx.Linear(in_features, 4, rngs=rngs)
        self.dense_1 = nnx.Linear(dense_1_in_features, 3, rngs=rngs)
        self.dense_2 = nnx.Linear(dense_1_in_features, 3, rngs=rngs)

    def __call__(self, x):
        x = self.dense_0(x)
        x = features_of(x)
        return self.dense_1(x) + self.dense_2(x)


class Head(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 2, rngs=rngs)

    def __call__(self, x):
        return self.dense(x)


class Heads(nnx.Module):
    """A class of one's own beside a layer."""

    def __init__(self, hidden_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(hidden_features, 2, rngs=rngs)
        self.head = Head(hidden_features, rngs=rngs)
        self.second = Head(hidden_features, rngs=rngs)

    def __call__(self, x):
        hidden = features_of(x)
        a = self.dense(hidden)
        return a + self.head(hidden) + self.second(hidden)


class Once(nnx.Module):
    """One layer alone is asked for its own size."""

    def __init__(self, dense_0_in_features: int, *, rngs: nnx.Rngs):
        self.dense_0 = nnx.Linear(dense_0_in_features, 3, rngs=rngs)
        self.dense_1 = nnx.Linear(3, 4, rngs=rngs)

    def __call__(self, x):
        x = features_of(x)
        x = self.dense_0(x)
        return self.dense_1(x)


class Taken(nnx.Module):
    """The name of the parameter is that of a field."""

    def __init__(
        self, dense_0_in_features: int, hidden_features: int = 3, *, rngs: nnx.Rngs
    ):
        self.dense_0 = nnx.Linear(dense_0_in_features, hidden_features, rngs=rngs)
        self.dense_1 = nnx.Linear(dense_0_in_features, hidden_features, rngs=rngs)

    def __call__(self, x):
        hidden = features_of(x)
        return self.dense_0(hidden) + self.dense_1(hidden)


class Groups(nn.Module):
    """The kernel of a convolution in groups does not tell what a table has."""

    @nn.compact
    def __call__(self, x):
        hidden = table(x)
        return nn.Conv(8, (3,), feature_group_count=2)(hidden) + nn.ConvTranspose(8, (3,))(hidden)


class Turns(nn.Module):
    """Each turn has another size."""

    @nn.compact
    def __call__(self, x):
        for _ in range(3):
            hidden = features_of(x)
            x = nn.Dense(4)(hidden) + nn.Dense(4)(hidden)
        return x
