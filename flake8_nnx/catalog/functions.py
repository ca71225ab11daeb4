"""Plain functions of `flax.linen` and their NNX names: the same object, or one of the same signature."""
from __future__ import annotations

from collections.abc import Mapping

_SAME = (
    "avg_pool max_pool pool celu elu gelu glu hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu log_sigmoid "
    "log_softmax logsumexp one_hot relu relu6 selu sigmoid silu soft_sign softmax softplus standardize swish tanh "
    "combine_masks make_attention_mask make_causal_mask initializers"
).split()

# Linen name -> dotted NNX name.
FUNCTIONS: Mapping[str, str] = {
    **{name: f"nnx.{name}" for name in _SAME},
    "normalize": "nnx.standardize",
    "ones": "nnx.initializers.ones",
    "zeros": "nnx.initializers.zeros",
    "ones_init": "nnx.initializers.ones_init",
    "zeros_init": "nnx.initializers.zeros_init",
}
