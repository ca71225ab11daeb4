"""Copies of Linen modules; copies of anything else stay silent."""
import copy

import flax.linen as nn
import torch
from flax import nnx

model = nn.Dense(3)  # NNX110: 8
plain = model.clone()  # NNX210: 8
wider = model.clone(features=4)  # NNX210: 8
other = model.copy(features=4)  # NNX210: 8


class Net(nn.Module):  # NNX103: 10
    inner: nn.Module  # NNX104: 4

    def setup(self):  # NNX102: 4
        self.first = nn.Dense(3)  # NNX110: 21
        self.second = self.first.clone()  # NNX210: 22
        self.third = self.inner.clone(name="third")  # NNX210: 21


# ---- silent -------------------------------------------------------------------------------------------------------


def right(native: nnx.Module, tree: dict, tensor: torch.Tensor, repository, array):
    again = nnx.clone(native)
    tree = tree.copy()
    tensor = tensor.clone()
    repository.clone("url")
    deep = copy.copy(model)
    return again, tree, tensor, deep, array.copy(), copy.deepcopy(native)


class Sheep:
    def clone(self):
        return Sheep()

    def copy(self):
        return self.clone()


dolly = Sheep().clone().copy()
model = dolly
again = model.clone()
