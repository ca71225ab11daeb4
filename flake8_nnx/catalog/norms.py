"""Normalization layers: NNX wants `num_features` first, so every other argument becomes a keyword."""
from __future__ import annotations

from flake8_nnx.catalog.layer import Layer, Variable, params

NUM = ("num_features",)
AFFINE = ("epsilon", "dtype", "param_dtype", "use_bias", "use_scale", "bias_init", "scale_init")
TAIL = ("axis_name", "axis_index_groups", "use_fast_variance", "force_float32_reductions")
REDUCTIONS = {"force_float32_reductions": "NNX always reduces in float32; keep the Linen layer behind nnx.bridge.ToNNX"}
WRAPPED = ("layer_instance",)

NORMS = (
    Layer(
        "BatchNorm", "BatchNorm", ("use_running_average", "axis", "momentum", *AFFINE, *TAIL), NUM,
        leading=NUM, dropped=REDUCTIONS,
        call_args=("x", "use_running_average"), call_keyword_only=("mask",),
        variables=(
            Variable("batch_stats", "mean", "mean", "BatchStat"),
            Variable("batch_stats", "var", "var", "BatchStat"),
            *params("scale", "bias"),
        ),
        note="use_running_average defaults to False in NNX, Linen wants it said: keep passing it at the call",
    ),
    Layer(
        "LayerNorm", "LayerNorm", (*AFFINE, "reduction_axes", "feature_axes", *TAIL), NUM,
        leading=NUM, dropped=REDUCTIONS, call_args=("x",), call_keyword_only=("mask",),
        variables=params("scale", "bias"),
    ),
    Layer(
        "RMSNorm", "RMSNorm",
        ("epsilon", "dtype", "param_dtype", "use_scale", "scale_init", "reduction_axes", "feature_axes", *TAIL), NUM,
        leading=NUM, dropped=REDUCTIONS, call_args=("x",), call_keyword_only=("mask",),
        variables=params("scale"),
    ),
    Layer(
        "GroupNorm", "GroupNorm", ("num_groups", "group_size", *AFFINE, "reduction_axes", *TAIL), NUM,
        leading=NUM,
        dropped={
            **REDUCTIONS,
            "reduction_axes": "NNX repeats the group statistics along axis 1, which is wrong for axes of one's own; "
            "move the reduced axes behind the batch axis and leave it out",
        },
        call_args=("x",), call_keyword_only=("mask",),
        variables=params("scale", "bias"),
    ),
    Layer(
        "InstanceNorm", "InstanceNorm", (*AFFINE, "feature_axes", *TAIL), NUM,
        leading=NUM, dropped=REDUCTIONS, call_args=("x",), call_keyword_only=("mask",),
        variables=params("scale", "bias"),
    ),
    Layer(
        "SpectralNorm", "SpectralNorm",
        ("layer_instance", "n_steps", "epsilon", "dtype", "param_dtype", "error_on_non_matrix", "collection_name"),
        leading=WRAPPED, required=WRAPPED, holds=WRAPPED, call_args=(),
        dropped={"collection_name": "NNX stores the estimates as nnx.BatchStat"},
        refuse="nnx.SpectralNorm overwrites the kernel at each call, in evaluation too, and initialises u differently; "
        "keep the Linen layer behind nnx.bridge.ToNNX",
    ),
    Layer(
        "WeightNorm", "WeightNorm",
        ("layer_instance", "epsilon", "dtype", "param_dtype", "use_scale", "scale_init", "feature_axes",
         "variable_filter"),
        leading=WRAPPED, required=WRAPPED, holds=WRAPPED, call_args=(),
        dropped={"variable_filter": "Linen matches parts of names, NNX whole path components (nnx.PathContains)"},
        refuse="nnx.WeightNorm overwrites the kernel at each call, and in flax 0.12.8 its scales are not trained; "
        "keep the Linen layer behind nnx.bridge.ToNNX",
    ),
)  # fmt: skip
