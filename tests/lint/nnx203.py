"""Sown values: `sow` of a Linen module with a collection, not of anything else."""
import flax.linen as nn
from flax import nnx
from garden import Bed


class Probe(nn.Module):  # NNX103: 12
    @nn.compact  # NNX101: 5
    def __call__(self, x):
        self.sow("intermediates", "h", x)  # NNX203: 8
        self.sow("losses", "l2", (x**2).sum(), reduce_fn=lambda a, b: b)  # NNX203: 8
        self.sow(col="intermediates", name="named", value=x)  # NNX203: 8
        kept = self.sow(self.collection(), "h", x)  # NNX203: 15
        return x if kept else -x

    def collection(self):
        return "intermediates"


class Deeper(Probe):
    def encode(self, x):
        for layer in range(3):
            self.sow("metrics", f"layer_{layer}", x)  # NNX203: 12
        return x


# ---- silent -------------------------------------------------------------------------------------------------------


class Own(nn.Module):  # noqa: NNX103
    def sow(self, seed):
        return seed

    def __call__(self, x):
        return self.sow(x)


class Converted(nnx.Module):
    def __call__(self, x):
        self.sow(nnx.Intermediate, "h", x)
        return x


class Garden(Bed):
    def spring(self, seeds):
        self.sow("tomatoes", "north", seeds)
        return Bed().sow("intermediates", "h", seeds)


class Farmer:
    def sow(self, kind, place):
        return kind, place

    def work(self):
        return self.sow("wheat", "south")


def plant(self, bed, x):
    self.sow("intermediates", "h", x)
    bed.sow("intermediates", "h", x)
    sow = bed.sow
    return sow("intermediates", "h", x)
