"""Helpers for several devices; functions of those names from elsewhere stay silent."""
import einops
import jax
from flax import jax_utils
from flax.jax_utils import pad_shard_unpad
from flax.jax_utils import replicate as copies


def found(state, function):
    state = jax_utils.replicate(state)  # NNX703: 12
    state = copies(state)  # NNX703: 12
    first = jax_utils.unreplicate(state)  # NNX703: 12
    return first, pad_shard_unpad(function)  # NNX703: 18


# ---- silent -------------------------------------------------------------------------------------------------------


class Cell:
    def replicate(self):
        return [self, self]

    def unreplicate(self):
        return self


def replicate(tree):
    return [tree] * jax.device_count()


def silent(state, cell: Cell, x):
    state = replicate(state)
    both = cell.replicate()
    one = cell.unreplicate()
    batches = jax_utils.prefetch_to_device(iter([x]), 2)
    rows = einops.repeat(x, "a -> a b", b=2)
    return state, both, one, batches, rows, jax.device_put(x)
