"""Calls through `apply` and `bind`, where the module is known or the arguments tell, and everybody else's `apply`."""
import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import pandas as pd
import requests
import torch
from flax import nnx
from jax.example_libraries import stax

from .models import Network


class Net(nn.Module):  # NNX103: 10
    def __call__(self, x):
        return x

    def twice(self, variables, x):
        return self.apply(variables, self.apply(variables, x))  # NNX310: 15 NNX310: 37


x = jnp.ones((2, 4))
key = jax.random.key(0)
net = Net()
variables = net.init(key, x)  # NNX301: 12
params = variables["params"]  # NNX204: 9
y = net.apply(variables, x)  # NNX310: 4
y = Net().apply({"params": params}, x)  # NNX310: 4
y = nn.Embed(3, 4).apply({}, x)  # NNX310: 4 NNX113: 4
y = Network(3).apply({"params": params}, x)  # NNX310: 4
y = net.clone().apply(variables, x)  # NNX310: 4 NNX210: 4
bound = net.bind(variables)  # NNX310: 8
loose, again = bound.unbind()  # NNX310: 15
y = bound.apply(variables, x)  # NNX310: 4


def evident(network, weights, state, x):
    inputs = {"params": weights}  # NNX204: 13
    network.apply({"params": weights, **state}, x)  # NNX310: 4
    network.apply(inputs, x)  # NNX310: 4
    network.apply(weights, x, rngs={"dropout": key})  # NNX310: 4 NNX313: 30
    network.apply(weights, x, mutable=["batch_stats"])  # NNX310: 4 NNX312: 30
    network.bind({"params": weights}).encode(x)  # NNX310: 4
    network.apply(weights, x, method=network.encode)  # NNX310: 4 NNX311: 30
    return network.apply(weights, x, method=Net.twice)  # NNX310: 11 NNX311: 37


class Trainer:
    def __init__(self, network):
        self.net = Net()
        self.network = network
        self.variables = {}

    def run(self, params, x):
        self.network.apply(self.variables, x)  # unknown: the file imports haiku
        return self.net.apply(params, x)  # NNX310: 15


def by_name(network, variables, x):
    return network.apply(variables, x, train=True)  # unknown: the file imports haiku


def later(network, x):
    weights = network.init(key, x)  # NNX301: 14
    return network.apply(weights, x), weights["params"]  # NNX310: 11 NNX204: 38


def reused(network: nn.Module, variables):
    for batch in range(3):
        variables = network.apply(variables, batch)  # NNX310: 20
    return variables


# ---- silent -------------------------------------------------------------------------------------------------------

transformed = hk.transform(lambda x: hk.Linear(3)(x))
hk_params = transformed.init(key, x)
y = transformed.apply(hk_params, key, x)
init_fun, apply_fun = stax.serial(stax.Dense(3))
y = apply_fun(hk_params, x)
frame = pd.DataFrame({"params": [1]})
column = frame.apply(len, axis=1)
column = frame["params"].apply(lambda v: {"params": v})
function = torch.autograd.Function.apply(x)
torch_net = torch.nn.Linear(3, 4).apply(lambda module: module)
linear = nnx.Linear(3, 4, rngs=nnx.Rngs(0))
graphdef, split = nnx.split(linear)
y, (graphdef, split) = graphdef.apply(split)(x)
y, updates = graphdef.apply(params, split)(x)
y = graphdef.apply({"params": 3}, x)
y = hk.transform(len).apply({"params": 3}, key, x)
y = hk_params.unbind()
answer = requests.post("url", {"params": {"page": 3}})


class Wrapper:
    def apply(self, variables, x):
        return variables, x

    def run(self, params, x):
        return self.apply({"params": params}, x)


class OwnApply(nn.Module):  # noqa: NNX103
    def apply(self, values, x):
        return x

    def run(self, x):
        return self.apply({"params": x}, x)


class Converted(nnx.Module):
    def apply(self, x, rngs):
        return x

    def __call__(self, x, rngs):
        return self.apply(x, rngs=rngs)


class Holder:
    def __init__(self):
        self.wrapper = Wrapper()

    def run(self, variables, x):
        return self.wrapper.apply({"params": x}, x)


wrapper = Wrapper()
y = wrapper.apply({"params": 3}, x)
y = Wrapper().apply({"params": 3}, x)
y = Converted().apply(x, rngs=nnx.Rngs(0))


def annotated(function: Wrapper, x):
    return function.apply({"params": x}, x)


def lists(ema, x):
    variables = [x, x]
    ema.apply(variables)
    return ema.apply(variables, x)


def unknown(network, params, x, socket):
    socket.bind(("localhost", 80))
    network.apply(params)
    network.apply(method=network.encode)
    network.apply(params, x, method=socket.encode)
    network.unbind()
    options = {"page": 3}
    network.apply(options, x)
    return network.apply(params, x, rngs=None)


def repeated(function, params):
    for step in range(3):
        params = function.apply(params, step)
        other = function.apply(other, step)  # noqa: F821
    return params, other


def apply(variables, x):
    return x


y = apply(variables, x)
