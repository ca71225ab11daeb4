"""Compact methods: whatever the decorator is called, and wherever it stands."""
import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.linen import compact
from flax.linen import compact as build_here


class Plain(nn.Module):  # NNX103: 12
    @nn.compact  # NNX101: 5
    def __call__(self, x):
        return nn.Dense(4)(x)  # NNX110: 15


class FromImport(nn.Module):  # NNX103: 17
    @compact  # NNX101: 5
    def __call__(self, x):
        return jnp.square(x)

    @build_here  # NNX101: 5
    def encode(self, x):
        return jnp.sqrt(x)


class Stacked(nn.Module):  # NNX103: 14
    @functools.partial(jax.jit, static_argnums=0)
    @nn.compact  # NNX101: 5
    def __call__(self, x):
        return x

    @nn.nowrap  # NNX211: 5
    def helper(self, x):
        return x

    def decode(self, x):
        return x


def factory():
    class Local(nn.Module):  # NNX103: 16
        @nn.compact  # NNX101: 9
        def __call__(self, x):
            return Plain()(x)  # NNX111: 19

    return Local()


# A base that cannot be seen: the decorator proves that the class is a Linen module.
from somewhere import Mystery  # noqa: E402


class Proven(Mystery):
    @nn.compact  # NNX101: 5
    def __call__(self, x):
        return x


# ---- silent -------------------------------------------------------------------------------------------------------


@nn.compact
def free_function(x):
    return x


class NotAModule:
    @nn.compact
    def __call__(self, x):
        return x


class OtherCompact(nn.Module):  # the class is Linen, the decorator is not NNX103: 19
    @functools.lru_cache
    def __call__(self, x):
        return x


def shadowed(compact):
    class Shadowed(Plain):
        @compact
        def __call__(self, x):
            return x

    return Shadowed


class Suppressed(nn.Module):  # noqa: NNX103
    @nn.compact  # noqa: NNX101
    def __call__(self, x):
        return x
