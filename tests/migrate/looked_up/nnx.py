"""Functions under names that have one of several values."""
import os

from flax import linen as nn
from flax import nnx

relu = nn.relu
if os.environ.get("FAST"):
    Norm = nn.LayerNorm
    activation_of_the_file = nn.relu
else:
    Norm = nn.RMSNorm
    activation_of_the_file = nn.tanh


class ActorCritic(nnx.Module):
    def __init__(
        self,
        in_features: int,
        actions: int,
        activation: str = "tanh",
        *,
        rngs: nnx.Rngs,
    ):
        self.activation = activation
        self.dense_0 = nnx.Linear(8, actions, rngs=rngs)
        self.dense_1 = nnx.Linear(in_features, 8, rngs=rngs)
        self.dense_2 = nnx.Linear(in_features, 1, rngs=rngs)

    def __call__(self, x):
        if self.activation == "relu":
            activation = nnx.relu
        else:
            activation = nnx.tanh
        mean = self.dense_0(activation(self.dense_1(x)))
        return mean, relu(self.dense_2(activation(x)))


class ByTheCall(nnx.Module):
    def __init__(self, in_features: int, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x, soft=False):
        act = nnx.relu
        if soft:
            act = nnx.softplus
        return act(self.dense(x))


class ByName(nnx.Module):
    def __init__(self, in_features: int, act: str = "relu", *, rngs: nnx.Rngs):
        self.act = act
        self.dense = nnx.Linear(in_features, 3, rngs=rngs)

    def __call__(self, x):
        act_fn = getattr(nnx, self.act)
        return getattr(nnx, self.act)(self.dense(act_fn(x)))


class ByNameInSetup(nn.Module):
    act: str = "relu"

    def setup(self):
        self.dense = nn.Dense(3)
        self.last = getattr(nn, self.act)

    def __call__(self, x):
        return self.last(self.dense(x))


class LayerByName(nn.Module):
    """What is looked up is a class."""

    act_norm: str = "LayerNorm"

    @nn.compact
    def __call__(self, x):
        return getattr(nn, self.act_norm)()(nn.Dense(3)(x))


class AnyByName(nn.Module):
    kind: str = "Dense"

    @nn.compact
    def __call__(self, x):
        layer = getattr(nn, self.kind)(3)
        return layer(x)


class OfTheFile(nn.Module):
    @nn.compact
    def __call__(self, x):
        return activation_of_the_file(nn.Dense(3)(x))


class ClassOfTheFile(nn.Module):
    @nn.compact
    def __call__(self, x):
        return Norm()(x)


def outside(x, soft):
    act = nn.relu
    if soft:
        act = nn.softplus
    return act(x)
