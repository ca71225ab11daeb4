"""Utilities of flax around Linen variables, and the same utilities on anything else."""
import flax
import flax.linen as nn
import jax
from flax import jax_utils, serialization, traverse_util
from flax.core import FrozenDict, freeze
from flax.core.frozen_dict import unfreeze
from flax.training import checkpoints, train_state
from flax.training.checkpoints import save_checkpoint as keep

model = nn.Dense(3)  # NNX110: 8


def linen(key, x, state: train_state.TrainState):
    variables = model.init(key, x)  # NNX301: 16
    flat = traverse_util.flatten_dict(variables["params"])  # NNX702: 11 NNX204: 38
    mask = flax.traverse_util.path_aware_map(lambda path, _: "bias" not in path, variables["params"])  # NNX702: 11 NNX204: 81
    written = serialization.to_bytes(state)  # NNX704: 14
    state = serialization.from_state_dict(state, {})  # NNX704: 12
    model.tabulate(key, x)  # NNX706: 4
    print(nn.tabulate(model, key)(x))  # NNX706: 10
    print(model.module_paths(key, x))  # NNX707: 10
    with nn.intercept_methods(print):  # NNX707: 9
        pass
    keep("folder", state, 1)  # NNX705: 4
    state = checkpoints.restore_checkpoint("folder", state)  # NNX705: 12
    return flat, mask, written, jax_utils.replicate(state), jax_utils.unreplicate(state)  # NNX703: 32 NNX703: 60


def frozen(variables: FrozenDict):  # NNX701: 22
    return freeze(unfreeze(variables))  # NNX701: 11 NNX701: 18


# ---- silent -------------------------------------------------------------------------------------------------------


def settings(config: dict, tree):
    flat = traverse_util.flatten_dict(config)
    again = traverse_util.unflatten_dict(flat)
    shapes = traverse_util.path_aware_map(lambda path, leaf: leaf, config)
    written = serialization.to_bytes(config)
    read = serialization.from_bytes(config, written)
    return again, shapes, read, jax.tree.map(jax.numpy.shape, tree)


def replicate(tree):
    return [tree] * jax.device_count()


def unreplicate(tree):
    return tree[0]


class Table:
    def tabulate(self, key, x):
        return f"{key}: {x}"

    def module_paths(self):
        return []


def tables(rows, key):
    table = Table()
    print(table.tabulate(key, rows))
    print(table.module_paths())
    return replicate(rows), unreplicate(rows)


def save_checkpoint(folder, state):
    return folder, state


print(save_checkpoint("folder", {}))
