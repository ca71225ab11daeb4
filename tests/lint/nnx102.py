"""The setup method of Linen modules, and the many other methods of that name."""
import unittest

import flax.linen as nn
import pytest
from flax import nnx
from torch import nn as tnn


class Encoder(nn.Module):  # NNX103: 14
    def setup(self):  # NNX102: 4
        self.dense = nn.Dense(8)  # NNX110: 21
        self.drop = nn.Dropout(0.1)  # NNX113: 20

    def __call__(self, x):
        return self.drop(self.dense(x), deterministic=True)


class Deeper(Encoder):
    def setup(self):  # NNX102: 4
        super().setup()
        self.layers = [nn.Dense(3), nn.Dense(4)]  # NNX110: 23 NNX110: 36
        self.table = {"a": nn.Embed(3, 4)}  # NNX113: 27

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Cached(nn.Module):  # NNX103: 13
    size: int  # NNX104: 4

    @nn.nowrap  # NNX211: 5
    def setup(self):  # NNX102: 4
        self.table = list(range(self.size))


# ---- silent -------------------------------------------------------------------------------------------------------


class Converted(nnx.Module):
    def setup(self):
        self.dense = None


class Lightning(tnn.Module):
    def setup(self, stage):
        self.stage = stage


class TestEncoder(unittest.TestCase):
    def setup(self):
        self.encoder = Encoder

    def set_up(self):
        self.encoder = Encoder


class Plain:
    def setup(self):
        self.ready = True


@pytest.fixture
def setup():
    return Plain()


def main():
    Plain().setup()
    setup = 3
    return setup


class Outer(nn.Module):  # noqa: NNX103
    class Inner:
        def setup(self):
            return None

    def __call__(self, x):
        def setup(y):
            return y

        return setup(x)
