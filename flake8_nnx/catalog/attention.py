"""Attention layers: all three of Linen's are `nnx.MultiHeadAttention`, which wants `in_features` and `decode`."""
from __future__ import annotations

from collections.abc import Mapping

from flake8_nnx.catalog.layer import Layer, Variable, params

ARGS = (
    "num_heads", "dtype", "param_dtype", "qkv_features", "out_features", "broadcast_dropout", "dropout_rate",
    "deterministic", "precision", "kernel_init", "out_kernel_init", "bias_init", "out_bias_init", "use_bias",
    "attention_fn", "decode", "normalize_qk", "force_fp32_for_softmax", "qkv_dot_general", "out_dot_general",
    "qkv_dot_general_cls", "out_dot_general_cls", "qk_attn_weights_einsum_cls", "attn_weights_value_einsum_cls",
)  # fmt: skip
DROPPED = {
    "force_fp32_for_softmax": "give an attention_fn that computes the softmax in float32",
    "qk_attn_weights_einsum_cls": "give an attention_fn that uses this einsum",
    "attn_weights_value_einsum_cls": "give an attention_fn that uses this einsum",
}
VARIABLES = (
    *params(*(f"{part}/{leaf}" for part in ("query", "key", "value") for leaf in ("kernel", "bias"))),
    *params("query_ln/scale", "key_ln/scale"),
    Variable("cache", "cached_key", "cached_key", "Cache"),
    Variable("cache", "cached_value", "cached_value", "Cache"),
    Variable("cache", "cache_index", "cache_index", "Cache"),
    *params("out/kernel", "out/bias"),
)
INPUTS = ("inputs_q", "inputs_k", "inputs_v")
FLAGS = ("mask", "deterministic", "dropout_rng", "sow_weights")


def _attention(
    linen: str, call_args: tuple[str, ...], renames: Mapping[str, str], keyword_only: tuple[str, ...]
) -> Layer:
    return Layer(
        linen,
        "MultiHeadAttention",
        ARGS,
        ("in_features",),
        leading=(),
        dropped=DROPPED,
        always={"decode": "False"},
        call_args=call_args,
        call_renames=renames,
        call_keyword_only=keyword_only,
        call_dropped={"dropout_rng": "NNX wants nnx.Rngs, not a key; give the layer its own stream when it is built"},
        variables=VARIABLES,
        note="with dropout_rate=0 NNX calls jax.nn.dot_product_attention, which rounds differently (1e-6 in float32)",
        required=("num_heads",),
        extra_sizes=("in_kv_features",),
    )


ATTENTION = (
    _attention("MultiHeadDotProductAttention", INPUTS, {"inputs_kv": "inputs_k"}, ("inputs_kv", *FLAGS)),
    _attention("MultiHeadAttention", INPUTS, {"inputs_kv": "inputs_k"}, ("inputs_kv", *FLAGS)),
    _attention("SelfAttention", ("inputs_q", *FLAGS), {}, FLAGS),
)
