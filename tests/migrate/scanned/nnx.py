"""Classes and methods under nn.scan, and nn.vmap over axes of the input."""

from flax import nnx
import jax.numpy as jnp


class Block(nnx.Module):
    def __init__(self, in_features: int, features: int, *, rngs: nnx.Rngs):
        self.layer_norm = nnx.LayerNorm(in_features, rngs=rngs)
        self.dense = nnx.Linear(in_features, features, rngs=rngs)
        self.dropout = nnx.Dropout(0.2, rngs=rngs)

    def __call__(self, x, train: bool):
        y = self.layer_norm(x)
        y = self.dense(y)
        y = self.dropout(nnx.gelu(y), deterministic=not train)
        return x + y, None


class CheckpointBlock(Block):
    __call__ = nnx.remat(Block.__call__, static_argnums=(2,), prevent_cse=False)


class Model(nnx.Module):
    def __init__(
        self, in_features: int, features: int, num_layers: int, *, rngs: nnx.Rngs
    ):
        # one for each layer
        self.embed = nnx.Linear(in_features, features, rngs=rngs)
        self.blocks = nnx.vmap(lambda rngs: Block(features, features, rngs=rngs))(
            rngs.split(num_layers)
        )
        self.head = nnx.Linear(features, 2, rngs=rngs)

    def __call__(self, x, train: bool):
        x = self.embed(x)
        x, _ = nnx.scan(
            lambda block, x: block(x, train),
            in_axes=(0, nnx.Carry),
            out_axes=(nnx.Carry, 0),
        )(self.blocks, x)
        return self.head(x)


class Remat(nnx.Module):
    def __init__(
        self, in_features: int, features: int, num_layers: int, *, rngs: nnx.Rngs
    ):
        self.layers = nnx.vmap(
            lambda rngs: CheckpointBlock(in_features, features, rngs=rngs)
        )(rngs.split(num_layers))

    def __call__(self, x, train: bool):
        x, _ = nnx.scan(
            lambda block, x: block(x, train),
            in_axes=(0, nnx.Carry),
            out_axes=(nnx.Carry, 0),
        )(self.layers, x)
        return x


class Cell(nnx.Module):
    def __init__(self, in_features: int, x_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 4, rngs=rngs)
        self.inp = nnx.Linear(x_features, 4, rngs=rngs)

    def __call__(self, h, x):
        h = nnx.tanh(self.dense(h) + self.inp(x))
        return h, h


class Rec(nnx.Module):
    def __init__(self, cell_x_features: int, *, rngs: nnx.Rngs):
        self.cell = Cell(4, cell_x_features, rngs=rngs)

    def __call__(self, xs):
        h = jnp.zeros((xs.shape[0], 4))
        h, ys = nnx.scan(
            lambda cell, h, xs: cell(h, xs),
            in_axes=(None, nnx.Carry, 1),
            out_axes=(nnx.Carry, 1),
        )(self.cell, h, xs)
        return ys


class Net(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x):
        return nnx.relu(self.dense(x))


class Over(nnx.Module):
    def __init__(
        self, shared_in_features: int, net_in_features: int, *, rngs: nnx.Rngs
    ):
        self.shared = Net(shared_in_features, rngs=rngs)
        self.net = nnx.vmap(lambda rngs: Net(net_in_features, rngs=rngs))(rngs.split(5))

    def __call__(self, x):
        y = nnx.vmap(Net.__call__, in_axes=(None, 1), out_axes=1)(self.shared, x)
        return nnx.vmap(Net.__call__, in_axes=(0, 1), out_axes=1)(self.net, y)


class Lstm(nnx.Module):
    def __init__(self, x_features: int, size: int, *, rngs: nnx.Rngs):
        self.lstm_cell = nnx.LSTMCell(x_features, size, rngs=rngs)

    @nnx.scan(in_axes=(None, nnx.Carry, 1), out_axes=(nnx.Carry, 1))
    def __call__(self, carry, x):
        return self.lstm_cell(carry, x)


class Vm(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 3, rngs=rngs)

    @nnx.vmap(in_axes=(None, 0, None), out_axes=0)
    def __call__(self, x, y):
        return self.dense(x) + y


class Sized(nnx.Module):
    def __init__(self, *, rngs: nnx.Rngs):
        self.net = nnx.vmap(lambda rngs: Net(3, rngs=rngs))(rngs.split(5))

    def __call__(self, x):
        x = x.reshape((5, 2, 3))
        return nnx.vmap(Net.__call__, in_axes=(0, 0))(self.net, x).sum(0)
