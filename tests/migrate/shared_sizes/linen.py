"""Sizes that the source does not tell."""
import flax.linen as nn
import jax.numpy as jnp

from elsewhere import features_of, table


class Attention(nn.Module):
    """All run on the same."""

    width: int

    @nn.compact
    def __call__(self, x):
        hidden = features_of(x)
        query = nn.Dense(self.width)(hidden)
        key = nn.Dense(self.width)(hidden)
        value = nn.Dense(self.width)(hidden)
        return query * key + value


class Block(nn.Module):
    """Norms, dropout and sums keep the size."""

    rate: float = 0.1

    @nn.compact
    def __call__(self, x, deterministic):
        hidden = features_of(x)
        y = nn.LayerNorm()(hidden)
        y = nn.Dense(8)(nn.Dropout(self.rate)(y, deterministic))
        y = jnp.concatenate([y, hidden], axis=-1)
        return nn.Dense(4)(y)


class Versions(nn.Module):
    """A variable that has two values of unknown size."""

    @nn.compact
    def __call__(self, x):
        h = features_of(x)
        a = nn.Dense(3)(h) + nn.Dense(3)(h)
        h = features_of(a)
        return nn.Dense(3)(h) * nn.Dense(3)(nn.LayerNorm()(h))


class Argument(nn.Module):
    """The variable is an argument before."""

    @nn.compact
    def __call__(self, x):
        x = nn.Dense(4)(x)
        x = features_of(x)
        return nn.Dense(3)(x) + nn.Dense(3)(x)


class Head(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(2)(x)


class Heads(nn.Module):
    """A class of one's own beside a layer."""

    @nn.compact
    def __call__(self, x):
        hidden = features_of(x)
        a = nn.Dense(2)(hidden)
        return a + Head()(hidden) + Head(name="second")(hidden)


class Once(nn.Module):
    """One layer alone is asked for its own size."""

    @nn.compact
    def __call__(self, x):
        x = features_of(x)
        x = nn.Dense(3)(x)
        return nn.Dense(4)(x)


class Taken(nn.Module):
    """The name of the parameter is that of a field."""

    hidden_features: int = 3

    @nn.compact
    def __call__(self, x):
        hidden = features_of(x)
        return nn.Dense(self.hidden_features)(hidden) + nn.Dense(self.hidden_features)(hidden)


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
