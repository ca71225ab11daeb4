"""Functions of libraries that tell something about the models, variables and train states that they are given."""
from __future__ import annotations

COMPILED = frozenset({"jax.jit", "jax.pmap", "jax.remat", "jax.checkpoint"})
GRADIENTS = {"jax.grad": "grad", "jax.value_and_grad": "value_and_grad"}
SAME = frozenset({
    "flax.core.freeze", "flax.core.unfreeze", "flax.core.frozen_dict.freeze", "flax.core.frozen_dict.unfreeze",
    "flax.core.FrozenDict", "flax.core.frozen_dict.FrozenDict", "flax.linen.FrozenDict",
    "flax.jax_utils.replicate", "flax.jax_utils.unreplicate", "jax.device_put", "jax.block_until_ready",
})  # fmt: skip
CHECKPOINTS = "flax.training.checkpoints."
CHECKPOINTERS = frozenset({"clu.checkpoint.Checkpoint", "clu.checkpoint.MultihostCheckpoint"})
SAVES = frozenset(
    [CHECKPOINTS + name for name in ("save_checkpoint", "save_checkpoint_multiprocess")]
    + [f"{tool}.save" for tool in CHECKPOINTERS]
)
RESTORES = frozenset(
    [CHECKPOINTS + "restore_checkpoint"]
    + [f"{tool}.{name}" for tool in CHECKPOINTERS for name in ("restore", "restore_or_initialize")]
)
# They say what parameters there are.
OVERVIEWS = frozenset(
    f"clu.parameter_overview.{name}" for name in ("log_parameter_overview", "get_parameter_overview", "count_parameters")
)
TREE_MAPS = frozenset({"jax.tree.map", "jax.tree_map", "jax.tree_util.tree_map"})
DYNAMIC_SCALE = "flax.training.dynamic_scale.DynamicScale"
COLLECTIVES = frozenset({"jax.lax.pmean", "jax.lax.psum"})
PATH_AWARE = frozenset({"flax.traverse_util.path_aware_map"})
BY_PATH = PATH_AWARE | {"jax.tree_util.tree_map_with_path", "jax.tree.map_with_path"}
