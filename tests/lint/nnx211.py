"""Methods that Linen does not wrap; other decorators stay silent."""
import functools

import flax
import flax.linen as nn
from flax.linen import nowrap


class Net(nn.Module):  # NNX103: 10
    @nn.nowrap  # NNX211: 5
    def size(self):
        return 3

    @nowrap  # NNX211: 5
    def depth(self):
        return 4

    @flax.linen.nowrap  # NNX211: 5
    def area(self):
        return 5

    @functools.cached_property
    def width(self):
        return 6

    @staticmethod
    def height():
        return 7


# ---- silent -------------------------------------------------------------------------------------------------------


def other(function):
    return function


class Plain:
    @other
    def size(self):
        return 3

    def nowrap(self):
        return self.size()


def local():
    nowrap = other

    class Inner:
        @nowrap
        def size(self):
            return 3

    return Inner, Plain().nowrap()
