"""Plain containers of NNX objects; nnx.List, containers of other things and other libraries' modules stay silent."""
import equinox as eqx
import flax.linen as nn
import torch
from flax import nnx


class Net(nnx.Module):
    def __init__(self, sizes, rngs):
        self.listed = [nnx.Linear(2, 2, rngs=rngs)]  # NNX823: 22
        self.tupled = nnx.relu, nnx.Linear(2, 2, rngs=rngs)  # NNX823: 22
        self.named = {"a": nnx.Linear(2, 2, rngs=rngs)}  # NNX823: 21
        self.made = [nnx.Linear(2, size, rngs=rngs) for size in sizes]  # NNX823: 20
        self.by_name = {size: nnx.Param(size) for size in sizes}  # NNX823: 23
        self.filled = []  # NNX823: 22
        self.filled.append(nnx.Linear(2, 2, rngs=rngs))
        layers = []
        for size in sizes:
            layers.append(nnx.Linear(2, size, rngs=rngs))
        self.layers = layers  # NNX823: 22
        self.later = None
        if sizes:
            self.later = nnx.Linear(2, 2, rngs=rngs)  # NNX823: 12


# ---- silent -------------------------------------------------------------------------------------------------------


class Right(nnx.Module):
    def __init__(self, sizes, rngs):
        self.listed = nnx.List([nnx.Linear(2, 2, rngs=rngs)])
        self.named = nnx.Dict({"a": nnx.Linear(2, 2, rngs=rngs)})
        self.sequence = nnx.Sequential(*[nnx.Linear(2, size, rngs=rngs) for size in sizes])
        self.data = nnx.data([nnx.Linear(2, 2, rngs=rngs)])
        self.sizes = [size for size in sizes]
        self.functions = [nnx.relu, len, nnx.Linear]
        self.names = ["a", 1, None]
        self.unknown = [make(size) for size in sizes]  # noqa: F821
        self.filled = nnx.List()
        self.filled.append(nnx.Linear(2, 2, rngs=rngs))
        layers = [nnx.Linear(2, 2, rngs=rngs)]
        self.layers = nnx.List(layers)
        self.place = nnx.data(None)
        self.place = nnx.Linear(2, 2, rngs=rngs)
        if sizes:
            self.either = nnx.Linear(2, 2, rngs=rngs)
        else:
            self.either = None
        self.none = None
        self.none = 3

    def __call__(self, x):
        layers = [nnx.Linear(2, 2, rngs=nnx.Rngs(0))]
        return layers[0](x)


class Declared(nnx.Module):
    layers: nnx.Data[list]

    def __init__(self, rngs):
        self.layers = [nnx.Linear(2, 2, rngs=rngs)]


class NoTree(nnx.Module, pytree=False):
    def __init__(self, rngs):
        self.layers = [nnx.Linear(2, 2, rngs=rngs)]


class Mixed(nnx.Module, Unknown):  # noqa: F821
    def __init__(self, rngs):
        self.layers = [nnx.Linear(2, 2, rngs=rngs)]


class Trainer:
    def __init__(self, rngs):
        self.layers = [nnx.Linear(2, 2, rngs=rngs)]


class Old(nn.Module):  # NNX103: 10
    def setup(self):  # NNX102: 4
        self.layers = [nn.Dense(2)]  # NNX110: 23


class Equinox(eqx.Module):
    def __init__(self, key):
        self.layers = [eqx.nn.Linear(2, 2, key=key)]


class Torch(torch.nn.Module):
    def __init__(self):
        self.layers = [torch.nn.Linear(2, 2)]
