"""Paths through the variables dictionary, at the last subscript."""
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from flax import nnx
from flax.core import FrozenDict
from flax.training.train_state import TrainState

x = jnp.ones((2, 4))
model = nn.Embed(3, 4)  # NNX113: 8
variables = model.init(jax.random.key(0), x)  # NNX301: 12
kernel = variables["params"]["layers_0"]["kernel"]  # NNX205: 9
block = variables["params"]["Block_0"]  # NNX205: 8
mean = variables["batch_stats"]["bn"]["mean"].sum()  # NNX205: 7
params = variables["params"]  # NNX204: 9
bias = params["Dense_0"]["bias"]  # NNX205: 7
row = params["Embed_0"]["embedding"][3]  # NNX205: 6
popped = variables.pop("params")["Dense_0"]  # NNX205: 9 NNX204: 9
same = jax.jit(model.init)(jax.random.key(0), x)["params"]["head"]  # NNX304: 15 NNX205: 7


def first(network, key):
    return network.init(key, x)["params"]["Conv_0"]["kernel"].shape  # NNX301: 11 NNX205: 11


def step(params, model: nn.Module, state: TrainState):
    y = model.apply({"params": params}, x)  # NNX310: 8
    decay = params["Dense_0"]["kernel"]  # NNX205: 12
    return y, decay, state.params["Dense_0"]["kernel"], state.params["params"]["head"]  # NNX205: 21 NNX205: 56


def frozen(params: FrozenDict, variables: FrozenDict):  # NNX701: 19 NNX701: 42
    return params["Dense_0"]["kernel"], variables["cache"]["head"]["key"]  # NNX205: 11 NNX205: 40


class Tied(nn.Module):  # NNX103: 11
    body: nn.Module  # NNX104: 4

    def __call__(self, x):
        return x @ self.body.variables["params"]["embed"]["embedding"].T  # NNX205: 19


# ---- silent -------------------------------------------------------------------------------------------------------


def parameters_of_a_function(params):
    return params["Dense_0"]["kernel"]


def annotated(frozen: FrozenDict, other: dict):  # NNX701: 22
    return frozen["Dense_0"]["kernel"], other["params"]["Dense_0"]


def names(layers):
    for name in layers:
        yield params[name]["kernel"]


frame = pd.DataFrame({"Dense_0": [1], "kernel": [2]})
column = frame["Dense_0"]["kernel"]
table = {"params": {"Dense_0": {"kernel": np.ones(3)}}}
entry = table["params"]["Dense_0"]["kernel"]
restored = np.load("weights.npz")
array = restored["params"]["Dense_0"]
config = {"model": {"kernel": 3}}
size = config["model"]["kernel"]


def state_of(graph):
    state = nnx.state(graph, nnx.Param)
    return state["dense_0"]["kernel"]


def solve(params, solver, state):
    solution = solver.apply({"matrix": params}, x)
    return solution, params["Dense_0"]["kernel"], state.params["Dense_0"]["kernel"]


def local():
    params = {"Dense_0": {"kernel": 3}}
    return params["Dense_0"]["kernel"]


def written(value):
    entry = dict(table)
    entry["params"]["Dense_0"] = value
    return entry
