"""Every built-in layer of `flax.linen` and what it is in `flax.nnx`, argument by argument.

Compared with the installed flax by `tests/catalog`, so that a drift between the two fails there.
"""
from __future__ import annotations

from collections.abc import Mapping

from flake8_nnx.catalog.attention import ATTENTION
from flake8_nnx.catalog.layer import Layer, Variable, params
from flake8_nnx.catalog.norms import NORMS
from flake8_nnx.catalog.recurrent import RECURRENT

__all__ = ["LAYERS", "Layer", "Variable"]

IN = ("in_features",)
OUT = {"features": "out_features"}
LEADING = ("in_features", "out_features")
FEATURES = ("features",)
KERNEL = params("kernel", "bias")
CONV_ARGS = (
    "features", "kernel_size", "strides", "padding", "input_dilation", "kernel_dilation", "feature_group_count",
    "use_bias", "mask", "dtype", "param_dtype", "precision", "kernel_init", "bias_init", "promote_dtype",
    "conv_general_dilated", "conv_general_dilated_cls",
)  # fmt: skip
FP8_ARGS = ("amax_history_length", "e4m3_dtype", "e5m2_dtype")

LINEAR = (
    Layer(
        "Dense", "Linear",
        ("features", "use_bias", "dtype", "param_dtype", "precision", "kernel_init", "bias_init", "promote_dtype",
         "dot_general", "dot_general_cls"),
        IN, OUT, LEADING, {"dot_general_cls": "give dot_general= a function instead of a class"},
        variables=KERNEL, required=FEATURES,
    ),
    Layer(
        "DenseGeneral", "LinearGeneral",
        ("features", "axis", "batch_dims", "use_bias", "dtype", "param_dtype", "kernel_init", "bias_init", "precision",
         "promote_dtype", "dot_general", "dot_general_cls"),
        IN, OUT, LEADING, {"batch_dims": "give batch_axis={axis: size} with the size of each batch axis"},
        variables=KERNEL, required=FEATURES,
    ),
    Layer(
        "Conv", "Conv", CONV_ARGS,
        IN, OUT, LEADING, {"conv_general_dilated_cls": "give conv_general_dilated= a function instead of a class"},
        variables=KERNEL, required=("features", "kernel_size"),
    ),
    Layer(
        "ConvTranspose", "ConvTranspose",
        ("features", "kernel_size", "strides", "padding", "kernel_dilation", "use_bias", "mask", "dtype", "param_dtype",
         "precision", "kernel_init", "bias_init", "transpose_kernel", "promote_dtype", "preferred_element_type"),
        IN, OUT, LEADING,
        variables=KERNEL, required=("features", "kernel_size"),
    ),
    Layer(
        "ConvLocal", "", CONV_ARGS, required=("features", "kernel_size"),
        refuse="NNX has no convolution with unshared weights; use jax.lax.conv_general_dilated_local with an "
        "nnx.Param, or keep the Linen layer behind nnx.bridge.ToNNX",
    ),
    Layer(
        "Einsum", "Einsum",
        ("shape", "einsum_str", "use_bias", "dtype", "param_dtype", "precision", "kernel_init", "bias_init",
         "promote_dtype", "preferred_element_type"),
        renames={"shape": "kernel_shape"},
        leading=("einsum_str", "kernel_shape"),
        dropped={"use_bias": "NNX adds a bias only if bias_shape= is given"},
        call_args=("inputs", "einsum_str"), required=("shape",),
        variables=KERNEL,
    ),
    Layer(
        "Embed", "Embed",
        ("num_embeddings", "features", "dtype", "param_dtype", "embedding_init", "promote_dtype"),
        leading=("num_embeddings", "features"), required=("num_embeddings", "features"),
        variables=params("embedding"),
    ),
)  # fmt: skip

OTHER = (
    Layer(
        "Dropout", "Dropout", ("rate", "broadcast_dims", "deterministic", "rng_collection"),
        leading=("rate",), required=("rate",),
        call_args=("inputs", "deterministic", "rng"),
        call_renames={"rng": "rngs"},
        call_keyword_only=("deterministic", "rng"),
        note="deterministic defaults to False in NNX, Linen wants it said: keep passing it at the call",
    ),
    Layer("PReLU", "PReLU", ("param_dtype", "negative_slope_init"), rngs=False, variables=params("negative_slope")),
    Layer(
        "Sequential", "Sequential", ("layers",),
        rngs=False, call_args=(), required=("layers",), holds=("layers",),
    ),
    Layer(
        "BatchApply", "", ("f", "num_dims"),
        call_args=(), required=("f",), holds=("f",),
        refuse="NNX has no such wrapper; merge the leading axes with reshape around the call, or use jax.vmap",
    ),
    *(
        Layer(
            name, "", FP8_ARGS,
            call_args=("eqn", "lhs", "rhs", "precision", "preferred_element_type") if name == "Fp8Einsum" else (),
            refuse="NNX has no fp8 operations; keep the Linen layer behind nnx.bridge.ToNNX, or quantise with qwix",
        )
        for name in ("Fp8DirectDotGeneralOp", "Fp8DotGeneral", "Fp8DotGeneralOp", "Fp8Einsum", "NANOOFp8DotGeneralOp")
    ),
)  # fmt: skip

LAYERS: Mapping[str, Layer] = {layer.linen: layer for layer in (*LINEAR, *NORMS, *ATTENTION, *RECURRENT, *OTHER)}
