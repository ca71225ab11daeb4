"""Plain functions of `flax.linen` and their NNX names: the same object, or one of the same signature and body.

`nn.dot_product_attention` is not here: with dropout_rate=0 its NNX namesake takes another path, as the table of known
differences says.
"""
from __future__ import annotations

from collections.abc import Mapping

_SAME = (
    "avg_pool max_pool pool celu elu gelu glu hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu log_sigmoid "
    "log_softmax logsumexp one_hot relu relu6 selu sigmoid silu soft_sign softmax softplus standardize swish tanh "
    "combine_masks make_attention_mask make_causal_mask logical_axis_rules PARTITION_NAME initializers"
).split()
_INITIALIZERS = (
    "constant delta_orthogonal glorot_normal glorot_uniform he_normal he_uniform kaiming_normal kaiming_uniform "
    "lecun_normal lecun_uniform normal ones ones_init orthogonal truncated_normal uniform variance_scaling "
    "xavier_normal xavier_uniform zeros zeros_init Initializer"
).split()

# Linen name -> dotted NNX name.
FUNCTIONS: Mapping[str, str] = {
    **{name: f"nnx.{name}" for name in _SAME},
    **{f"initializers.{name}": f"nnx.initializers.{name}" for name in _INITIALIZERS},
    "normalize": "nnx.standardize",
    "ones": "nnx.initializers.ones",
    "zeros": "nnx.initializers.zeros",
    "ones_init": "nnx.initializers.ones_init",
    "zeros_init": "nnx.initializers.zeros_init",
}

# Helpers that old copies of layers import from `flax.linen.linear`; no public names of flax.
PRIVATE: Mapping[str, str] = {name: f"nnx.nn.linear.{name}" for name in ("_canonicalize_tuple", "_normalize_axes")}

# Linen name -> the same object outside `flax.nnx`, which must be imported from there.
ELSEWHERE: Mapping[str, str] = {
    "get_logical_axis_rules": "flax.core.spmd.get_logical_axis_rules",
    "set_logical_axis_rules": "flax.core.spmd.set_logical_axis_rules",
}
