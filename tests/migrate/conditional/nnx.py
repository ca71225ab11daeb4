"""Layers of a loop that are made under a condition, sizes that only the caller knows, and classes that nobody can see."""
import flax.linen as nn
from flax import nnx
import jax.numpy as jnp
from string import Formatter as Block  # stands for a class of another package
from scipy.interpolate import BSpline


class Critic(nnx.Module):
    def __init__(
        self,
        dense_0_in_features: int,
        net_arch: tuple[int, ...],
        rate: float | None = None,
        use_norm: bool = False,
        activation: object = nnx.relu,
        *,
        rngs: nnx.Rngs,
    ):
        self.rate = rate
        self.use_norm = use_norm
        self.activation = activation
        self.dense_layers_0 = nnx.List([])
        self.dropouts = nnx.List([])
        self.layer_norms = nnx.List([])
        x_features = dense_0_in_features
        for size in net_arch:
            self.dense_layers_0.append(nnx.Linear(x_features, size, rngs=rngs))
            if rate is not None:
                self.dropouts.append(nnx.Dropout(rate, rngs=rngs))
            else:
                self.dropouts.append(None)
            if use_norm:
                self.layer_norms.append(nnx.LayerNorm(size, rngs=rngs))
            else:
                self.layer_norms.append(None)
            x_features = size
        self.dense_1 = nnx.Linear(x_features, 1, rngs=rngs)

    def __call__(self, x, action, train: bool = False):
        x = x.reshape((x.shape[0], -1))
        x = jnp.concatenate([x, action], -1)
        for dense_0, dropout, layer_norm in zip(
            self.dense_layers_0, self.dropouts, self.layer_norms
        ):
            x = dense_0(x)
            if self.rate is not None:
                x = dropout(x, deterministic=not train)
            if self.use_norm:
                x = layer_norm(x)
            x = self.activation(x)
        return self.dense_1(x)


class EveryOther(nnx.Module):
    def __init__(self, in_features: int, depth: int, *, rngs: nnx.Rngs):
        self.depth = depth
        self.dense_layers = nnx.List([])
        self.layer_norms = nnx.List([])
        self.rms_norms = nnx.List([])
        x_features = in_features
        for i in range(depth):
            self.dense_layers.append(nnx.Linear(x_features, 4, rngs=rngs))
            if i % 2:
                self.layer_norms.append(nnx.LayerNorm(4, rngs=rngs))
                self.rms_norms.append(None)
            else:
                self.rms_norms.append(nnx.RMSNorm(4, rngs=rngs))
                self.layer_norms.append(None)
            x_features = 4

    def __call__(self, x):
        for i, dense, layer_norm, rms_norm in zip(
            range(self.depth), self.dense_layers, self.layer_norms, self.rms_norms
        ):
            x = dense(x)
            if i % 2:
                x = layer_norm(x)
            else:
                x = rms_norm(x)
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


class Seen(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 2, rngs=rngs)

    def __call__(self, x, spline: BSpline, make):
        return self.dense(x) + make(3)(x) + BSpline([0, 1], [1, 2], 1)(0.5)


class Residual(nnx.Module):
    def __init__(self, in_features: int, depth: int, *, rngs: nnx.Rngs):
        self.dense_layers = nnx.List([])
        for i in range(depth):
            self.dense_layers.append(nnx.Linear(in_features, 3, rngs=rngs))

    def __call__(self, x, other):
        for dense in self.dense_layers:
            x = dense(x)
            x = other(x)[0]
        return x
