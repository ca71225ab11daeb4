"""Layers that expressions make under a test or in each turn, and loops that skip or end."""
import jax.numpy as jnp
from flax import linen as nn
from flax import nnx


class Chosen(nnx.Module):
    def __init__(self, in_features: int, kind: str = "rms", *, rngs: nnx.Rngs):
        self.kind = kind
        if kind == "rms":
            self.rms_norm = nnx.RMSNorm(in_features, rngs=rngs)
        else:
            self.layer_norm = nnx.LayerNorm(in_features, rngs=rngs)

    def __call__(self, x):
        return (self.rms_norm if self.kind == "rms" else self.layer_norm)(x)


class Perhaps(nnx.Module):
    def __init__(self, in_features: int, use: bool = True, *, rngs: nnx.Rngs):
        self.use = use
        if use:
            self.dense = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x):
        x = self.dense(x) if self.use else x
        return x


class AndThen(nnx.Module):
    def __init__(
        self, in_features: int, use: bool = True, plain: bool = False, *, rngs: nnx.Rngs
    ):
        self.use = use
        self.plain = plain
        if use:
            self.dense_0 = nnx.Linear(in_features, 3, rngs=rngs)
        if not plain and use:
            self.dense_1 = nnx.Linear(in_features, 2, rngs=rngs)

    def __call__(self, x):
        y = self.use and self.dense_0(x)
        z = self.plain or not self.use or self.dense_1(x).sum()
        return x + y + z


class Stacked(nnx.Module):
    def __init__(self, in_features: int, count: int, *, rngs: nnx.Rngs):
        self.count = count
        self.dense_layers_0 = nnx.List([])
        for i in range(count):
            self.dense_layers_0.append(
                nnx.Linear(in_features, 2, use_bias=i > 0, rngs=rngs)
            )
        self.dense_layers_1 = nnx.List([])
        for i in range(count):
            self.dense_layers_1.append(nnx.Linear(in_features, 2, rngs=rngs))

    def __call__(self, x):
        parts = [dense_0(x) for dense_0 in self.dense_layers_0]
        scaled = [i * dense_1(x) for i, dense_1 in zip(range(self.count), self.dense_layers_1)]
        return jnp.stack(parts) + jnp.stack(scaled)


class Skips(nnx.Module):
    def __init__(self, in_features: int, skipped: int = 1, *, rngs: nnx.Rngs):
        self.skipped = skipped
        self.dense_layers = nnx.List([])
        x_features = in_features
        for i in range(3):
            if i == skipped:
                self.dense_layers.append(None)
            else:
                self.dense_layers.append(nnx.Linear(x_features, 3, rngs=rngs))
            x_features = 3

    def __call__(self, x):
        for i, dense in zip(range(3), self.dense_layers):
            if i == self.skipped:
                continue
            x = dense(x)
        return x


class OfTheCall(nn.Module):
    @nn.compact
    def __call__(self, x, train=False):
        return nn.Dense(3)(x) if train else x


class AndOfTheCall(nn.Module):
    @nn.compact
    def __call__(self, x, train=False):
        return x + (train and nn.Dense(3)(x))


class OfEach(nn.Module):
    """Each part has a layer of its own."""

    @nn.compact
    def __call__(self, x):
        return jnp.stack([nn.Dense(1)(part) for part in x])


class Filtered(nn.Module):
    use: bool = True

    @nn.compact
    def __call__(self, x):
        return jnp.stack([nn.Dense(1)(x) for i in range(3) if self.use])


class Breaks(nn.Module):
    depth: int = 1

    @nn.compact
    def __call__(self, x):
        for i in range(3):
            x = nn.Dense(3)(x)
            if i == self.depth:
                break
        return x


class Returns(nn.Module):
    depth: int = 1

    @nn.compact
    def __call__(self, x):
        for i in range(3):
            if i > self.depth:
                return x
            x = nn.Dense(3)(x)
        return x


class ReturnsForTheCall(nnx.Module):
    """What the call decides on is taken as in `init`."""

    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense_layers = nnx.List([])
        x_features = in_features
        for i in range(3):
            self.dense_layers.append(nnx.Linear(x_features, 3, rngs=rngs))
            x_features = 3

    def __call__(self, x, depth=None):
        for i, dense in zip(range(3), self.dense_layers):
            if depth is not None and i == depth:
                return x
            x = dense(x)
        return x
