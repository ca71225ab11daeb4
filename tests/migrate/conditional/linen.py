"""Layers of a loop that are made under a condition, sizes that only the caller knows, and classes that nobody can see."""
import flax.linen as nn
import jax.numpy as jnp
from string import Formatter as Block  # stands for a class of another package
from scipy.interpolate import BSpline


class Critic(nn.Module):
    net_arch: tuple[int, ...]
    rate: float | None = None
    use_norm: bool = False
    activation: object = nn.relu

    @nn.compact
    def __call__(self, x, action, train: bool = False):
        x = x.reshape((x.shape[0], -1))
        x = jnp.concatenate([x, action], -1)
        for size in self.net_arch:
            x = nn.Dense(size)(x)
            if self.rate is not None:
                x = nn.Dropout(self.rate)(x, deterministic=not train)
            if self.use_norm:
                x = nn.LayerNorm()(x)
            x = self.activation(x)
        return nn.Dense(1)(x)


class EveryOther(nn.Module):
    depth: int

    @nn.compact
    def __call__(self, x):
        for i in range(self.depth):
            x = nn.Dense(4)(x)
            if i % 2:
                x = nn.LayerNorm()(x)
            else:
                x = nn.RMSNorm()(x)
        return x


class Unseen(nn.Module):
    @nn.compact
    def __call__(self, x):
        return Block(3)(x)


class UnseenByName(nn.Module):
    @nn.compact
    def __call__(self, x):
        block = Block(3)
        return block(x)


class Seen(nn.Module):
    @nn.compact
    def __call__(self, x, spline: BSpline, make):
        return nn.Dense(2)(x) + make(3)(x) + BSpline([0, 1], [1, 2], 1)(0.5)


class Residual(nn.Module):
    depth: int

    @nn.compact
    def __call__(self, x, other):
        for i in range(self.depth):
            x = nn.Dense(3)(x)
            x = other(x)[0]
        return x
