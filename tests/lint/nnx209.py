"""`__post_init__` of a Linen module; that of other classes stays silent."""
import dataclasses

import equinox as eqx
import flax.linen as nn
from flax import nnx, struct


class Net(nn.Module):  # NNX103: 10
    width: int = 3  # NNX104: 4

    def __post_init__(self):  # NNX209: 4
        super().__post_init__()
        self.size = 2 * self.width


class Derived(Net):
    def __post_init__(self):  # NNX209: 4
        self.size = 3


# ---- silent -------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Config:
    width: int = 3

    def __post_init__(self):
        self.size = 2 * self.width


@struct.dataclass
class State:
    step: int

    def __post_init__(self):
        assert self.step >= 0


class Native(nnx.Module):
    def __post_init__(self):
        self.size = 3


class Equinox(eqx.Module):
    width: int

    def __post_init__(self):
        self.size = 2 * self.width


def __post_init__(self):
    return self
