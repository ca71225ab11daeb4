"""NNX layers inside Linen modules; the bridge, state split by hand and NNX modules stay silent."""
import flax.linen as nn
from flax import nnx
from flax.nnx import bridge


class Block(nnx.Module):
    def __init__(self, rngs):
        self.scale = nnx.Param(1.0)

    def __call__(self, x):
        return x * self.scale


class Compact(nn.Module):  # NNX103: 14
    @nn.compact  # NNX101: 5
    def __call__(self, x):
        x = nnx.Linear(2, 2, rngs=nnx.Rngs(0))(x)  # NNX805: 12
        block = Block(rngs=nnx.Rngs(0))  # NNX805: 16
        return block(nn.relu(x))


class Setup(nn.Module):  # NNX103: 12
    def setup(self):  # NNX102: 4
        self.norm = nnx.LayerNorm(2, rngs=nnx.Rngs(0))  # NNX805: 20

    def __call__(self, x):
        return self.norm(x)


# ---- silent -------------------------------------------------------------------------------------------------------


class Bridged(nn.Module):  # NNX103: 14
    def setup(self):  # NNX102: 4
        self.first = bridge.to_linen(nnx.Linear, 2, 2)
        self.second = nnx.bridge.ToLinen(Block)
        self.third = bridge.ToLinen(nnx.Linear, args=(2, 2))

    def __call__(self, x):
        x = nnx.relu(nnx.Dropout(0.5, rngs=nnx.Rngs(0))(x))
        return self.third(self.second(self.first(x)))


class ByHand(nn.Module):  # NNX103: 13
    def setup(self):  # NNX102: 4
        layer = nnx.Linear(2, 2, rngs=nnx.Rngs(0))
        self.graphdef, state = nnx.split(layer)
        self.state = self.param("layer", lambda key: state)  # NNX201: 21

    def __call__(self, x):
        return nnx.merge(self.graphdef, self.state)(x)


class Takes(nn.Module):  # NNX103: 12
    layer: nnx.Linear  # NNX104: 4

    def __call__(self, x):
        return self.layer(x) + wrap(nnx.Linear(2, 2, rngs=nnx.Rngs(0)))(x)  # noqa: F821


class Native(nnx.Module):
    def __init__(self, rngs):
        self.layer = nnx.Linear(2, 2, rngs=rngs)

    def __call__(self, x):
        return self.layer(x)


def free(x):
    return nnx.Linear(2, 2, rngs=nnx.Rngs(0))(x)
