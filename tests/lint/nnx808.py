"""Loaded weights that go into a model unchecked; targets, comparisons, dictionaries and other updates stay silent."""
import pickle

import jax
import numpy as np
import orbax.checkpoint as ocp
import torch
from flax import nnx, serialization


def found(model: nnx.Linear, state, path, data):
    weights = pickle.load(open(path, "rb"))
    nnx.update(model, weights)  # NNX808: 4
    nnx.update(model, np.load(path))  # NNX808: 4
    restored = serialization.msgpack_restore(data)
    nnx.replace_by_pure_dict(state, restored)  # NNX808: 4
    checkpointer = ocp.StandardCheckpointer()
    nnx.update(model, checkpointer.restore(path))  # NNX808: 4


# ---- silent -------------------------------------------------------------------------------------------------------


def checked(model: nnx.Linear, state, path, fits, data):
    checkpointer = ocp.StandardCheckpointer()
    nnx.update(model, checkpointer.restore(path, nnx.state(model)))
    nnx.update(model, checkpointer.restore(path, target=nnx.state(model)))
    weights = pickle.load(open(path, "rb"))
    nnx.update(model, jax.tree.map(fits, nnx.state(model), weights))
    nnx.update(model, serialization.from_bytes(nnx.state(model), data))
    nnx.update(model, state)
    nnx.update(model, jax.tree.map(jax.numpy.zeros_like, nnx.state(model)))


def others(model, path, table, game):
    model.update(pickle.load(open(path, "rb")))
    table.update(np.load(path))
    model.load_state_dict(torch.load(path))
    nnx.update(model, game.restore(path))
    settings = {}
    settings.update(pickle.load(open(path, "rb")))
    return settings
