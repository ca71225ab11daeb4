"""Methods and helpers of Linen modules that have no twin, and things of the same name."""
import copy
import dataclasses

import flax.linen as nn
from flax import nnx


class Linen(nn.Module):  # NNX103: 12
    width: int  # NNX104: 4
    inner: nn.Module = None  # NNX104: 4

    def __post_init__(self):  # NNX209: 4
        super().__post_init__()

    def setup(self):  # NNX102: 4
        nn.share_scope(self, self.inner)  # NNX212: 8
        self.dense = nn.Dense(self.width)  # NNX110: 21

    @nn.nowrap  # NNX211: 5
    def size(self):
        return self.width

    def __call__(self, x, train=None):
        train = nn.merge_param("train", self.width > 3, train)  # NNX213: 16
        x = self.perturb("hidden", self.dense(x))  # NNX208: 12
        return self.perturb("out", x, collection="mine") if train else x  # NNX208: 15


model = Linen(3)
wider = model.clone(width=4)  # NNX210: 8
same = model.clone()  # NNX210: 7
other = model.copy(width=5)  # NNX210: 8


# ---- silent -------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Settings:
    width: int

    def __post_init__(self):
        self.width += 1

    def clone(self):
        return copy.copy(self)

    def perturb(self, name, value):
        return value + len(name)


def nowrap(function):
    return function


def share_scope(outer, inner):
    return outer, inner


def merge_param(name, own, given):
    return own if given is None else given


class Native(nnx.Module):
    def __init__(self, rngs):
        self.linear = nnx.Linear(3, 3, rngs=rngs)

    @nowrap
    def __call__(self, x):
        return self.perturb("hidden", self.linear(x))


def used(settings: Settings, x, names: dict):
    first = settings.clone()
    second = names.copy()
    third = settings.perturb("x", x)
    copied = nnx.clone(Native(nnx.Rngs(0)))
    return first, second, third, copied, share_scope(1, 2), merge_param("a", 1, None)
