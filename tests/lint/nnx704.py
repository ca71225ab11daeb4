"""Linen variables as bytes; other values stay silent."""
import pickle

import flax.linen as nn
from flax import serialization
from flax.serialization import from_bytes
from flax.training.train_state import TrainState

model = nn.Dense(3)  # NNX110: 8


def found(key, x, state: TrainState, data):
    variables = model.init(key, x)  # NNX301: 16
    written = serialization.to_bytes(variables)  # NNX704: 14
    variables = from_bytes(variables, data)  # NNX704: 16
    tree = serialization.to_state_dict(state)  # NNX704: 11
    return written, variables, serialization.from_state_dict(state, tree)  # NNX704: 31


# ---- silent -------------------------------------------------------------------------------------------------------


def settings(config: dict, number: int, data):
    written = serialization.to_bytes(config)
    read = from_bytes(config, written)
    tree = serialization.to_state_dict([1, 2])
    raw = serialization.msgpack_restore(data)
    return read, tree, raw, pickle.dumps(config), number.to_bytes(2, "big"), int.from_bytes(b"12", "big")


class Packet:
    def to_bytes(self):
        return b""

    def from_bytes(self, data):
        return data


def packets(packet: Packet):
    return packet.from_bytes(packet.to_bytes())
