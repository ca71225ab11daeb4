"""Plain names of `flax.linen` that are called otherwise in NNX, or have no twin, and what to write for them.

Layers, transforms, sharding helpers and unchanged functions are in the files beside this one.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Moved:
    """One name.

    nnx: the dotted name of its twin; empty where there is none.
    advice: what else is to be said, or what to do where there is no twin.
    args: parameters in positional order, for those that are called with some that the twin lacks.
    dropped: parameters that the twin lacks -> what to do instead.
    """

    nnx: str
    advice: str = ""
    args: tuple[str, ...] = ()
    dropped: Mapping[str, str] = field(default_factory=dict)


SCOPE = "put `with jax.named_scope(name):` where the names are wanted"
ATTENTION_ARGS = (
    "query", "key", "value", "bias", "mask", "broadcast_dropout", "dropout_rng", "dropout_rate", "deterministic", "dtype",
    "precision", "module", "force_fp32_for_softmax", "einsum_dot_general", "qk_attn_weights_einsum",
    "attn_weights_value_einsum",
)  # fmt: skip
EINSUM = "write the attention with this einsum"

MOVED: Mapping[str, Moved] = {
    "normalize": Moved("nnx.standardize", args=("x", "axis", "mean", "variance", "epsilon", "where")),
    "ones": Moved("nnx.initializers.ones"),
    "zeros": Moved("nnx.initializers.zeros"),
    "ones_init": Moved("nnx.initializers.ones_init"),
    "zeros_init": Moved("nnx.initializers.zeros_init"),
    "DenyList": Moved("nnx.Not", "which takes a filter of Variable types"),
    "Variable": Moved("nnx.Variable", "a subclass of it for each collection; `variable[...]` is the value"),
    "dot_product_attention": Moved(
        "nnx.dot_product_attention",
        "with dropout_rate=0 it calls jax.nn.dot_product_attention, which rounds differently (1e-6 in float32)",
        ATTENTION_ARGS,
        {
            "force_fp32_for_softmax": "cast query and key to float32",
            **dict.fromkeys(("einsum_dot_general", "qk_attn_weights_einsum", "attn_weights_value_einsum"), EINSUM),
        },
    ),
    "dot_product_attention_weights": Moved(
        "flax.nnx.nn.attention.dot_product_attention_weights",
        "",
        (*(name for name in ATTENTION_ARGS[:13] if name != "value"), "einsum_dot_general", "einsum"),
        {"force_fp32_for_softmax": "cast query and key to float32", "einsum_dot_general": EINSUM, "einsum": EINSUM},
    ),
    "promote_dtype": Moved("flax.nnx.nn.dtypes.promote_dtype", "which takes one tuple of arrays"),
    "compact_name_scope": Moved("", "delete it, layers are named by the attributes that hold them"),
    "named_call": Moved("", SCOPE),
    "override_named_call": Moved("", SCOPE),
    "enable_named_call": Moved("", SCOPE),
    "disable_named_call": Moved("", SCOPE),
}  # fmt: skip
