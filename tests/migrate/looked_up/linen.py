"""Functions under names that have one of several values."""
import os

from flax import linen as nn

relu = nn.relu
if os.environ.get("FAST"):
    Norm = nn.LayerNorm
    activation_of_the_file = nn.relu
else:
    Norm = nn.RMSNorm
    activation_of_the_file = nn.tanh


class ActorCritic(nn.Module):
    actions: int
    activation: str = "tanh"

    @nn.compact
    def __call__(self, x):
        if self.activation == "relu":
            activation = nn.relu
        else:
            activation = nn.tanh
        mean = nn.Dense(self.actions)(activation(nn.Dense(8)(x)))
        return mean, relu(nn.Dense(1)(activation(x)))


class ByTheCall(nn.Module):
    @nn.compact
    def __call__(self, x, soft=False):
        act = nn.relu
        if soft:
            act = nn.softplus
        return act(nn.Dense(3)(x))


class ByName(nn.Module):
    act: str = "relu"

    @nn.compact
    def __call__(self, x):
        act_fn = getattr(nn, self.act)
        return getattr(nn, self.act)(nn.Dense(3)(act_fn(x)))


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
