"""Streams without the one for dropout; defaults, other modules and streams from elsewhere stay silent."""
import haiku as hk
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs):
        self.drop = nnx.Dropout(0.5, rngs=rngs)


class Plain(nnx.Module):
    def __init__(self, rngs):
        self.layer = nnx.Linear(2, 2, rngs=rngs)


def found(key):
    rngs = nnx.Rngs(params=key)
    net = Net(rngs)  # NNX834: 14
    net = Net(rngs=nnx.Rngs(params=0, noise=1))  # NNX834: 19
    return net, nnx.Dropout(0.5, rngs=nnx.Rngs(params=0))  # NNX834: 38


# ---- silent -------------------------------------------------------------------------------------------------------


def right(key, options, rngs):
    Net(nnx.Rngs(0))
    Net(nnx.Rngs(default=0))
    Net(nnx.Rngs(key, params=0))
    Net(nnx.Rngs(**options))
    Net(nnx.Rngs({"params": key}))
    Net(rngs)
    Plain(nnx.Rngs(params=0))
    nnx.Linear(2, 2, rngs=nnx.Rngs(params=key))
    nnx.Dropout(0.5)
    streams = nnx.Rngs(params=key)
    return streams, hk.dropout(key, 0.5, 1)
