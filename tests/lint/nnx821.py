"""Streams as default arguments; None, streams that are passed, keys and other libraries' streams stay silent."""
import haiku as hk
import jax
from flax import nnx
from flax.nnx import Rngs


class Net(nnx.Module):
    def __init__(self, size, *, rngs: nnx.Rngs = nnx.Rngs(0)):  # NNX821: 49
        self.layer = nnx.Linear(size, size, rngs=rngs)


def make(size=3, rngs=Rngs(params=0)):  # NNX821: 22
    return Net(size, rngs=rngs)


later = lambda rngs=nnx.Rngs(0): make(3, rngs)  # NNX821: 20

# ---- silent -------------------------------------------------------------------------------------------------------


class Right(nnx.Module):
    def __init__(self, size, *, rngs: nnx.Rngs):
        self.layer = nnx.Linear(size, size, rngs=rngs)


def inside(size=3, rngs=None, seed=0):
    rngs = rngs or nnx.Rngs(seed)
    return Right(size, rngs=rngs)


def given(make=nnx.Rngs, names=("params",), key=jax.random.key(0)):
    return inside(rngs=make(0)), names, key


def haiku(rng=hk.PRNGSequence(0), rngs=dict(params=0)):
    return next(rng), rngs


def shadowed(rngs=dict(nnx=1)):
    return rngs
