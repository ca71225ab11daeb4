"""Variable collections of Linen and the Variable types that hold the same in NNX."""
from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Mapping

# The names that flax.nnx itself registers for these types.
COLLECTIONS: Mapping[str, str] = {
    "params": "nnx.Param",
    "batch_stats": "nnx.BatchStat",
    "cache": "nnx.Cache",
    "intermediates": "nnx.Intermediate",
    "perturbations": "nnx.Perturbation",
}
# Public classes of flax.nnx up to 0.12.12, whose names a generated subclass may not take.
TAKEN = frozenset(
    "A All Any BatchNorm BatchStat Bidirectional Cache Carry Conv ConvTranspose Data Dict DiffState Dropout EMA "
    "Einsum Embed Everything FlatState GRUCell GraphDef GraphState GroupNorm Initializer InstanceNorm "
    "Intermediate LSTMCell LayerNorm Linear LinearGeneral List LoRA LoRALinear LoRAParam M MergeContext Metric "
    "ModelAndOptimizer Module MultiHeadAttention MultiMetric NodeStates Not Nothing Object OfType OptArray "
    "OptState OptVariable OptimizedLSTMCell Optimizer PARTITION_NAME PReLU Param PathContains Perturbation "
    "PureState Pytree RMSNorm RNN RNNCellBase RngCount RngKey RngState RngStream Rngs RoPE Sequential SimpleCell "
    "SpectralNorm SplitContext State StateAxes StateSharding Static TrainState UpdateContext Variable "
    "VariableMetadata WeightNorm WithTag".split()
)


def variable_type(collection: str) -> str:
    """The Variable type of a collection.

    `nnx.BatchStat` for `batch_stats`; for a collection of one's own the name of the subclass of `nnx.Variable` to
    write: `Counter` for `counter`, `EmaParams` for `ema_params`.
    """
    if collection in COLLECTIONS:
        return COLLECTIONS[collection]
    words = [word for word in re.split(r"[^0-9A-Za-z]+", collection) if word]
    name = "".join(word[0].upper() + word[1:] for word in words) or "Custom"
    name = f"_{name}" if name[0].isdigit() else name
    clash = name in TAKEN or keyword.iskeyword(name) or hasattr(builtins, name)
    return f"{name}Variable" if clash else name
