"""Classes under nn.remat and nn.vmap."""
from functools import partial

import flax.linen as nn
from flax import nnx
import jax.numpy as jnp


class Block(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, features, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x, train: bool = False):
        x = self.dense(x)
        return self.dropout(nnx.relu(x), deterministic=not train)


class CheckpointBlock(Block):
    __call__ = nnx.remat(Block.__call__, static_argnums=(2,))


class Stack(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.blocks_0 = nnx.List([])
        x_features = in_features
        for _ in range(2):
            self.blocks_0.append(CheckpointBlock(x_features, features, rngs=rngs))
            x_features = features
        self.block_1 = CheckpointBlock(x_features, 3, rngs=rngs)

    def __call__(self, x, train: bool = False):
        for block_0 in self.blocks_0:
            x = block_0(x, train)
        return self.block_1(x, train)


class Layers(nnx.Module):
    def __init__(
        self,
        in_features: int,
        features: int,
        checkpointed: bool = True,
        *,
        rngs: nnx.Rngs,
    ):
        if checkpointed:
            self.layers = nnx.List([])
            x_features = in_features
            for i in range(3):
                self.layers.append(CheckpointBlock(x_features, features, rngs=rngs))
                x_features = features
        else:
            self.layers = nnx.List([])
            x_features = in_features
            for i in range(3):
                self.layers.append(Block(x_features, features, rngs=rngs))
                x_features = features

    def __call__(self, x, train: bool = False):
        for layer in self.layers:
            x = layer(x, train)
        return x


class Critic(nnx.Module):
    def __init__(
        self, in_features: int, action_features: int, width: int, *, rngs: nnx.Rngs
    ):
        self.dense_0 = nnx.Linear(in_features + action_features, width, rngs=rngs)
        self.dense_1 = nnx.Linear(width, 1, rngs=rngs)

    def __call__(self, obs, action):
        x = jnp.concatenate([obs, action], -1)
        x = nnx.relu(self.dense_0(x))
        return self.dense_1(x)


class Critics(nnx.Module):
    def __init__(
        self,
        in_features: int,
        action_features: int,
        width: int,
        n_critics: int = 2,
        *,
        rngs: nnx.Rngs,
    ):
        # Idea taken from elsewhere
        # parameters not shared between the critics
        self.critic = nnx.vmap(
            lambda rngs: Critic(in_features, action_features, width=width, rngs=rngs)
        )(rngs.split(n_critics))

    def __call__(self, obs, action):
        q_values = nnx.vmap(Critic.__call__, in_axes=(0, None, None))(self.critic, obs, action)
        return q_values


class Batch(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 3, rngs=rngs)
        self.batch_norm = nnx.BatchNorm(3, rngs=rngs)
        self.dropout = nnx.Dropout(0.3, rngs=rngs)

    def __call__(self, x, train: bool = True):
        x = self.dense(x)
        x = self.batch_norm(x, use_running_average=not train)
        return self.dropout(x, deterministic=not train)


class Ensemble(nnx.Module):
    def __init__(self, in_features: int, size: int = 2, *, rngs: nnx.Rngs):
        self.batches = nnx.vmap(lambda rngs: Batch(in_features, rngs=rngs))(
            rngs.split(size)
        )

    def __call__(self, x, train: bool = True):
        return nnx.vmap(Batch.__call__, in_axes=(0, None, None), out_axes=-1)(self.batches, x, train).mean(-1)


class Tower(nnx.Module):
    def __init__(
        self, in_features: int, features: int, scale: float = 2.0, *, rngs: nnx.Rngs
    ):
        self.scale = scale
        self.dense = nnx.Linear(in_features, features, rngs=rngs)

    def __call__(self, x, train: bool = False):
        return self.dense(x) * (1.0 if train else self.scale)


class Towers(nnx.Module):
    """What setup keeps is a class, of which the call makes a module."""

    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.all = Tower(in_features, features=features, scale=0.5, rngs=rngs)

    def __call__(self, x, train: bool = False):
        return nnx.vmap(Tower.__call__, in_axes=(None, 0, None))(self.all, x, train)


class Stays(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.features)(x)


class ReadsItsPartial(nn.Module):
    def setup(self):
        self.tower = partial(Stays, features=3)

    @nn.compact
    def __call__(self, x):
        return self.tower()(x) * len(self.tower.keywords)
