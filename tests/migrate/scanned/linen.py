"""Classes and methods under nn.scan, and nn.vmap over axes of the input."""
import functools

import flax.linen as nn
import jax.numpy as jnp


class Block(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x, train: bool):
        y = nn.LayerNorm()(x)
        y = nn.Dense(self.features)(y)
        y = nn.Dropout(0.2)(nn.gelu(y), deterministic=not train)
        return x + y, None


class Model(nn.Module):
    features: int
    num_layers: int

    @nn.compact
    def __call__(self, x, train: bool):
        x = nn.Dense(self.features, name="embed")(x)
        blocks = nn.scan(
            Block,
            variable_axes={"params": 0},
            split_rngs={"params": True, "dropout": True},
            in_axes=nn.broadcast,
            length=self.num_layers,  # one for each layer
        )
        x, _ = blocks(self.features, name="blocks")(x, train)
        return nn.Dense(2, name="head")(x)


class Remat(nn.Module):
    features: int
    num_layers: int

    def setup(self):
        block = nn.remat(Block, static_argnums=(2,), prevent_cse=False)
        self.layers = nn.scan(
            block,
            variable_axes={"params": 0},
            split_rngs={"params": True, "dropout": True},
            in_axes=nn.broadcast,
            length=self.num_layers,
        )(self.features)

    def __call__(self, x, train: bool):
        x, _ = self.layers(x, train)
        return x


class Cell(nn.Module):
    @nn.compact
    def __call__(self, h, x):
        h = nn.tanh(nn.Dense(4)(h) + nn.Dense(4, name="inp")(x))
        return h, h


class Rec(nn.Module):
    @nn.compact
    def __call__(self, xs):
        h = jnp.zeros((xs.shape[0], 4))
        h, ys = nn.scan(Cell, variable_broadcast="params", split_rngs={"params": False}, in_axes=1, out_axes=1)()(h, xs)
        return ys


class Net(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.relu(nn.Dense(3)(x))


class Over(nn.Module):
    @nn.compact
    def __call__(self, x):
        y = nn.vmap(Net, in_axes=1, out_axes=1, variable_axes={"params": None}, split_rngs={"params": False})(name="shared")(x)
        return nn.vmap(Net, in_axes=1, out_axes=1, variable_axes={"params": 0}, split_rngs={"params": True}, axis_size=5)()(y)


class Lstm(nn.Module):
    size: int

    @functools.partial(nn.transforms.scan, variable_broadcast='params', in_axes=1, out_axes=1, split_rngs={'params': False})
    @nn.compact
    def __call__(self, carry, x):
        return nn.LSTMCell(self.size)(carry, x)


class Vm(nn.Module):
    @functools.partial(nn.vmap, variable_axes={"params": None}, in_axes=(0, None), split_rngs={'params': False})
    @nn.compact
    def __call__(self, x, y):
        return nn.Dense(3)(x) + y


class Sized(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = x.reshape((5, 2, 3))
        return nn.vmap(Net, variable_axes={"params": 0}, split_rngs={"params": True})()(x).sum(0)
