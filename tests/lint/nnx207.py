"""Variables looked up by collection and name inside a Linen module."""
import flax.linen as nn
import jax.numpy as jnp
import tensorflow as tf
from flax import nnx


class Cached(nn.Module):  # NNX103: 13
    @nn.compact  # NNX101: 5
    def __call__(self, x):
        started = self.has_variable("cache", "last")  # NNX207: 18
        if started:
            x = x + self.get_variable("cache", "last")  # NNX207: 20
        if self.is_mutable_collection("cache"):  # NNX207: 11
            self.put_variable("cache", "last", x)  # NNX207: 12
        return x

    def others(self, collection):
        return self.get_variable(collection, "last", default=None)  # NNX207: 15

    def keywords(self):
        return self.has_variable(col="params", name="kernel")  # NNX207: 15

    def first(self, x):
        def body(module, carry, y):
            module.put_variable("cache", "last", y)  # NNX207: 12
            return carry, y

        scanned = nn.scan(body, variable_carry="cache")  # NNX501: 18
        return x if self.is_initializing() else scanned(self, 0, x)  # NNX207: 20


# ---- silent -------------------------------------------------------------------------------------------------------


class Own(nn.Module):  # noqa: NNX103
    def has_variable(self, collection, name):
        return False

    def get_variable(self, collection, name):
        return jnp.zeros(3)

    def __call__(self, x):
        return x if self.has_variable("cache", "last") else self.get_variable("cache", "last")


class Reads(nn.Module):  # noqa: NNX103
    def __call__(self, x, scope):
        scope.put_variable("cache", "last", x)
        ready = scope.is_initializing() and scope.has_variable("cache", "last")
        return x if ready else scope.get_variable("cache", "last")


class Converted(nnx.Module):
    def __init__(self, features):
        self.last = nnx.Cache(jnp.zeros((features,)))

    def __call__(self, x):
        return x + self.last

    def get_variable(self, name):
        return getattr(self, name)

    def read(self):
        return self.get_variable("last")


class Graph:
    def build(self):
        with tf.compat.v1.variable_scope("layer"):
            return tf.compat.v1.get_variable("kernel", [3])

    def has_variable(self, *names):
        return bool(names)

    def check(self):
        return self.has_variable("cache", "last")


def free(self):
    return self.has_variable("cache", "last"), self.get_variable("cache", "last")
