"""Frozen dictionaries of something else, in a file without a model, stay: nothing is flagged."""
from flax import jax_utils  # noqa: F401
from flax.core.frozen_dict import FrozenDict

LAYOUTS = {
    "cramped_room": FrozenDict({"height": 4, "width": 5}),
    "ring": FrozenDict({"height": 5, "width": 5}),
}


def made(layout: FrozenDict = LAYOUTS["ring"]):
    return FrozenDict(layout)
