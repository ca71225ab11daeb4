"""Functions of the file that make layers: their calls are written out with the layer that the class holds."""
import jax.numpy as jnp
from flax import linen as nn
from flax import nnx


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


class Attention(nnx.Module):
    def __init__(
        self, in_features: int, heads: int = 2, features: int = 8, *, rngs: nnx.Rngs
    ):
        head_dim = features // heads
        self.query = nnx.LinearGeneral(
            in_features, (heads, head_dim), use_bias=True, rngs=rngs
        )
        self.key = nnx.LinearGeneral(
            in_features, (heads, head_dim), use_bias=True, rngs=rngs
        )
        self.out = nnx.LinearGeneral(
            (heads, head_dim), features, axis=(-2, -1), rngs=rngs
        )

    def __call__(self, x):
        query = self.query(x)
        key = self.key(x)
        weights = nnx.softmax(jnp.einsum("qhd,khd->hqk", query, key))
        out = jnp.einsum("hqk,khd->qhd", weights, query)
        return (nnx.relu(self.out(out)) * 2) ** 2


class Chain(nnx.Module):
    def __init__(self, in_features: int, sizes: tuple = (3, 4), *, rngs: nnx.Rngs):
        self.dense_layers_0 = nnx.List([])
        x_features = in_features
        for n in sizes:
            self.dense_layers_0.append(nnx.Linear(x_features, n, rngs=rngs))
            x_features = n
        self.dense_1 = nnx.Linear(x_features, 3, rngs=rngs)
        self.dense_2 = nnx.Linear(3, 2, rngs=rngs)
        self.dense_3 = nnx.Linear(x_features, 4, rngs=rngs)
        self.dense_4 = nnx.Linear(4, 2, rngs=rngs)
        self.dense_5 = nnx.Linear(x_features, sizes[-1], rngs=rngs)

    def __call__(self, x):
        for dense_0 in self.dense_layers_0:
            x = nnx.relu(dense_0(x + 1))
        return self.dense_2(self.dense_1(x)) + self.dense_4(self.dense_3(nnx.tanh(x))) + (x + self.dense_5(x)).sum()


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
