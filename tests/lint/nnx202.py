"""Variables of other collections, and the other things called variable."""
import flax.linen as nn
import jax
import jax.numpy as jnp
import tensorflow as tf
from flax import nnx


class Count(nn.Module):  # NNX103: 12
    @nn.compact  # NNX101: 5
    def __call__(self, x, train: bool):
        count = self.variable("counter", "count", lambda: jnp.zeros((), jnp.int32))  # NNX202: 16
        mean = self.variable("batch_stats", "mean", jnp.zeros, (3,))  # NNX202: 15
        flag = self.variable("cache", "ready", lambda s: jnp.zeros(s), (2,))  # NNX202: 15
        if train:
            mean.value = 0.9 * mean.value + 0.1 * x.mean(0)
            count.value += 1
        return x + mean.value, flag


class Spectral(nn.Module):  # NNX103: 15
    collection: str = "spectral"  # NNX104: 4

    def setup(self):  # NNX102: 4
        self.u = self.variable(self.collection, "u", self.start)  # NNX202: 17
        self.given = self.variable(  # NNX202: 21
            "constants", "given", lambda: None
        )

    def start(self):
        return jax.random.normal(self.make_rng("params"), (3,))  # NNX206: 33

    def __call__(self, x):
        return x + self.u.value


# ---- silent -------------------------------------------------------------------------------------------------------


class Own(nn.Module):  # noqa: NNX103
    def variable(self, collection, name):
        return (collection, name)

    def __call__(self, x):
        return self.variable("counter", "count")


class Shadow(nn.Module):  # noqa: NNX103
    variable: tuple = ()  # noqa: NNX104

    def __call__(self, x):
        return self.variable("counter", "count")


class NoCalls(nn.Module):  # noqa: NNX103
    def __call__(self, x, scope):
        variable = scope.variable("counter", "count", jnp.zeros, ())
        scope.variable("counter", "count")
        self.variables_of("counter", "count")
        return variable.value + x


class Converted(nnx.Module):
    def __init__(self):
        self.count = nnx.BatchStat(jnp.zeros(()))

    def variable(self, collection, name):
        return getattr(self, name)

    def __call__(self, x):
        return x + self.variable("counter", "count")


class Tf(tf.Module):
    def build(self):
        return self.variable("counter", "count", tf.zeros, (3,))


class Solver:
    def __init__(self, model):
        self.x = self.variable("x", "y", model)

    def variable(self, *names):
        return names


def variable(collection, name):
    return {collection: name}


made = [variable("counter", "count"), tf.Variable(3.0), nnx.Variable(3.0)]
