"""`capture_intermediates=` of calls of Linen modules; the keyword of other functions stays silent."""
import flax.linen as nn
from flax import nnx

model = nn.Sequential([nn.relu])  # NNX113: 8


def found(variables, x, state):
    y, captured = model.apply(variables, x, capture_intermediates=True)  # NNX310: 18 NNX314: 44
    z, some = model.apply(variables, x, capture_intermediates=lambda module, name: name == "encode")  # NNX310: 14 NNX314: 40
    w = model.apply(variables, x, capture_intermediates=False)  # NNX310: 8 NNX314: 34
    return y, z, w, captured, some


# ---- silent -------------------------------------------------------------------------------------------------------


def record(x, capture_intermediates=False):
    return x, capture_intermediates


class Recorder:
    def __init__(self, capture_intermediates):
        self.capture_intermediates = capture_intermediates

    def apply(self, x, capture_intermediates):
        return x


def silent(x, native: nnx.Module, unknown):
    first = record(x, capture_intermediates=True)
    second = Recorder(capture_intermediates=True)
    third = second.apply(x, capture_intermediates=True)
    fourth = nnx.capture(native, nnx.Intermediate)
    fifth = dict(capture_intermediates=True)
    return first, second, third, fourth, fifth
