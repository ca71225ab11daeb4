"""LayerNorm, RMSNorm, GroupNorm, InstanceNorm: statistics of each sample.

In half precision NNX casts before it computes them, unless told to keep the types (`KEEP`).
"""
from __future__ import annotations

from flake8_nnx.catalog.known_differences import KEEP
from flake8_nnx.verify.layers.pair import Pair, variants

X3, X4, F3, F4, HALF = ("{x}[b,t,16]",), ("{x}[b,8,8,16]",), ("f32[b,t,16]",), ("f32[b,8,8,16]",), ("bf16[b,t,16]",)
CAST = {"dtype=bf16": "norm-dtype", "dtype=bf16, x=bf16": "norm-dtype", "x=bf16": "norm-gradient"}  # fmt: skip
MASK, INTEGERS = {"mask": "bool[b,t,1]"}, {"mask": "i32[b,t,1]"}


def _norm(layer: str, linen: str, nnx: str, args: tuple[str, ...]) -> list[Pair]:
    """The plain twin in every type, and the one that keeps types."""
    return [
        *variants(layer, "", f"nn.{layer}({linen}{{o}})", f"nnx.{layer}({nnx}{{o}}, rngs=rngs)", args, differs=CAST),
        *variants(
            layer, "", f"nn.{layer}({linen}{{o}})", f"nnx.{layer}({nnx}{{o}}, {KEEP}, rngs=rngs)", args, tuple(CAST),
            remedies=CAST,
        ),
    ]  # fmt: skip


PAIRS = [
    *_norm("LayerNorm", "", "16", X3),
    Pair("LayerNorm", "slow variance", "nn.LayerNorm(use_fast_variance=False)",
         "nnx.LayerNorm(16, use_fast_variance=False, rngs=rngs)", F3),
    Pair("LayerNorm", "no bias, no scale", "nn.LayerNorm(use_bias=False, use_scale=False)",
         "nnx.LayerNorm(16, use_bias=False, use_scale=False, rngs=rngs)", F3),
    Pair("LayerNorm", "no bias, no scale, dtype=bf16, x=bf16",
         "nn.LayerNorm(use_bias=False, use_scale=False, dtype=jnp.bfloat16)",
         "nnx.LayerNorm(16, use_bias=False, use_scale=False, dtype=jnp.bfloat16, rngs=rngs)", HALF),
    Pair("LayerNorm", "mask", "nn.LayerNorm()", "nnx.LayerNorm(16, rngs=rngs)", F3, MASK),
    Pair("LayerNorm", "integer mask", "nn.LayerNorm()", "nnx.LayerNorm(16, rngs=rngs)", F3, INTEGERS,
         differs="integer-mask"),
    Pair("LayerNorm", "two feature axes", "nn.LayerNorm(reduction_axes=(1, 2), feature_axes=(1, 2))",
         "nnx.LayerNorm((8, 16), reduction_axes=(1, 2), feature_axes=(1, 2), rngs=rngs)", ("f32[b,8,16]",),
         differs="multiple-axes"),
    Pair("LayerNorm", "two feature axes, flat", "nn.LayerNorm(reduction_axes=(1, 2), feature_axes=(1, 2))",
         "nnx.LayerNorm(128, reduction_axes=(1, 2), feature_axes=(1, 2), rngs=rngs)", ("f32[b,8,16]",),
         differs="multiple-axes"),
    Pair("LayerNorm", "two feature axes", "nn.LayerNorm(reduction_axes=(1, 2), feature_axes=(1, 2))",
         "shaped(nnx.LayerNorm(128, reduction_axes=(1, 2), feature_axes=(1, 2), rngs=rngs), (8, 16))", ("f32[b,8,16]",),
         remedy="multiple-axes"),
    Pair("LayerNorm", "two reduction axes, one feature axis", "nn.LayerNorm(reduction_axes=(1, 2))",
         "nnx.LayerNorm(16, reduction_axes=(1, 2), rngs=rngs)", ("f32[b,8,16]",)),
    Pair("LayerNorm", "force_float32_reductions=False, x=bf16",
         "nn.LayerNorm(force_float32_reductions=False, param_dtype=jnp.bfloat16)",
         "nnx.LayerNorm(16, param_dtype=jnp.bfloat16, rngs=rngs)", HALF, differs="forced-precision"),
    *_norm("RMSNorm", "", "16", X3),
    Pair("RMSNorm", "no scale", "nn.RMSNorm(use_scale=False)", "nnx.RMSNorm(16, use_scale=False, rngs=rngs)", F3),
    Pair("RMSNorm", "mask", "nn.RMSNorm()", "nnx.RMSNorm(16, rngs=rngs)", F3, MASK),
    *_norm("GroupNorm", "4", "16, 4", X4),
    Pair("GroupNorm", "group_size", "nn.GroupNorm(num_groups=None, group_size=4)",
         "nnx.GroupNorm(16, num_groups=None, group_size=4, rngs=rngs)", F4),
    Pair("GroupNorm", "reduction_axes=(-1,)", "nn.GroupNorm(4, reduction_axes=(-1,))",
         "nnx.GroupNorm(16, 4, reduction_axes=(-1,), rngs=rngs)", F4, differs="group-norm-axes"),
    Pair("GroupNorm", "reduction_axes=(-1,)", "nn.GroupNorm(4, reduction_axes=(-1,))",
         "GroupNormOverAxes(16, 4, reduction_axes=(-1,), rngs=rngs)", F4, remedy="group-norm-axes"),
    Pair("GroupNorm", "two axes", "nn.GroupNorm(4)", "nnx.GroupNorm(16, 4, rngs=rngs)", ("f32[b,16]",)),
    *_norm("InstanceNorm", "", "16", X4),
]  # fmt: skip
