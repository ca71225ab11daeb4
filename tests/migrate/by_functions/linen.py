"""Functions of the file that make layers: their calls are written out with the layer that the class holds."""
import jax.numpy as jnp
from flax import linen as nn


def embedding(x, heads, dim, label):
    """Dense general embedding layer."""
    return nn.linear.DenseGeneral(features=(heads, dim), use_bias=True, name=label)(x)


def mixed(x, features, label="out"):
    return nn.relu(nn.DenseGeneral(features, axis=(-2, -1), name=label)(x)) * 2


def dense(x, n):
    return nn.Dense(n)(x)


def residual(x, n):
    return x + nn.Dense(n)(x)


def two(x, n):
    x = nn.Dense(n)(x)
    return nn.Dense(n)(nn.relu(x))


def deep(x, n):
    return nn.tanh(dense(x, n))


class Attention(nn.Module):
    heads: int = 2
    features: int = 8

    @nn.compact
    def __call__(self, x):
        head_dim = self.features // self.heads
        query = embedding(x, self.heads, head_dim, "query")
        key = embedding(x, self.heads, dim=head_dim, label="key")
        weights = nn.softmax(jnp.einsum("qhd,khd->hqk", query, key))
        out = jnp.einsum("hqk,khd->qhd", weights, query)
        return mixed(out, self.features) ** 2


class Chain(nn.Module):
    sizes: tuple = (3, 4)

    @nn.compact
    def __call__(self, x):
        for n in self.sizes:
            x = nn.relu(dense(x + 1, n))
        return dense(dense(x, 3), 2) + dense(nn.Dense(4)(nn.tanh(x)), 2) + residual(x, self.sizes[-1]).sum()


class SeveralStatements(nn.Module):
    @nn.compact
    def __call__(self, x):
        return two(x, 3)


class ThroughAnother(nn.Module):
    @nn.compact
    def __call__(self, x):
        return deep(x, 3)


class ReadTwice(nn.Module):
    @nn.compact
    def __call__(self, x):
        return residual(nn.relu(x), 3)


class OtherName(nn.Module):
    @nn.compact
    def __call__(self, x):
        nn = x  # hides the module that the function reads
        return mixed(x[..., None], 3) + nn


class Starred(nn.Module):
    @nn.compact
    def __call__(self, x):
        return dense(*(x, 3))
