"""Classes under nn.remat and nn.vmap."""
from functools import partial

import flax.linen as nn
import jax.numpy as jnp


class Block(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x, train: bool = False):
        x = nn.Dense(self.features)(x)
        return nn.Dropout(0.5, deterministic=not train)(nn.relu(x))


class Stack(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x, train: bool = False):
        block_class = nn.remat(Block, static_argnums=(2,))
        for _ in range(2):
            x = block_class(self.features)(x, train)
        return nn.remat(Block, static_argnums=(2,))(3)(x, train)


class Layers(nn.Module):
    features: int
    checkpointed: bool = True

    def setup(self):
        if self.checkpointed:
            CheckpointedBlock = nn.checkpoint(Block, static_argnums=(2,))
            self.layers = [CheckpointedBlock(self.features, name=str(i)) for i in range(3)]
        else:
            self.layers = [Block(self.features, name=str(i)) for i in range(3)]

    def __call__(self, x, train: bool = False):
        for layer in self.layers:
            x = layer(x, train)
        return x


class Critic(nn.Module):
    width: int

    @nn.compact
    def __call__(self, obs, action):
        x = jnp.concatenate([obs, action], -1)
        x = nn.relu(nn.Dense(self.width)(x))
        return nn.Dense(1)(x)


class Critics(nn.Module):
    width: int
    n_critics: int = 2

    @nn.compact
    def __call__(self, obs, action):
        # Idea taken from elsewhere
        vmap_critic = nn.vmap(
            Critic,
            variable_axes={"params": 0},  # parameters not shared between the critics
            split_rngs={"params": True},
            in_axes=None,
            out_axes=0,
            axis_size=self.n_critics,
        )
        q_values = vmap_critic(width=self.width)(obs, action)
        return q_values


class Batch(nn.Module):
    @nn.compact
    def __call__(self, x, train: bool = True):
        x = nn.Dense(3)(x)
        x = nn.BatchNorm(use_running_average=not train)(x)
        return nn.Dropout(0.3)(x, deterministic=not train)


class Ensemble(nn.Module):
    size: int = 2

    def setup(self):
        Batches = nn.vmap(
            Batch,
            in_axes=None,
            out_axes=-1,
            axis_size=self.size,
            variable_axes={"params": 0, "batch_stats": 0},
            split_rngs={"params": True, "dropout": True},
        )
        self.batches = Batches()

    def __call__(self, x, train: bool = True):
        return self.batches(x, train).mean(-1)


class Tower(nn.Module):
    features: int
    scale: float = 2.0

    @nn.compact
    def __call__(self, x, train: bool = False):
        return nn.Dense(self.features)(x) * (1.0 if train else self.scale)


class Towers(nn.Module):
    """What setup keeps is a class, of which the call makes a module."""

    features: int

    def setup(self):
        self.tower = partial(Tower, features=self.features, scale=0.5)
        self.towers = nn.vmap(
            self.tower,
            variable_axes={"params": None},
            split_rngs={"params": False, "dropout": False},
            in_axes=(0, None),
            out_axes=0,
        )

    @nn.compact
    def __call__(self, x, train: bool = False):
        return self.towers(name="all")(x, train)


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
