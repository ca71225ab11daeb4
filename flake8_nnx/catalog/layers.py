"""Every built-in layer of `flax.linen` and what it is in `flax.nnx`, argument by argument.

Compared with the installed flax by `tests/catalog`, so that a drift between the two fails there.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Variable:
    """A variable of a layer: its Linen collection and path, its NNX path and Variable type."""

    collection: str
    linen: str
    nnx: str
    type: str


@dataclass(frozen=True)
class Layer:
    """How one Linen layer is spelled in NNX."""

    linen: str
    nnx: str
    linen_args: tuple[str, ...]  # constructor parameters in positional order, without parent and name
    sizes: tuple[str, ...] = ()  # sizes that Linen infers from the input and NNX must be told
    renames: Mapping[str, str] = field(default_factory=dict)  # Linen keyword -> NNX keyword
    leading: tuple[str, ...] = ()  # NNX parameters written positionally, in this order
    dropped: Mapping[str, str] = field(default_factory=dict)  # Linen keyword without a twin -> what to do
    always: Mapping[str, str] = field(default_factory=dict)  # NNX keywords to write because the defaults differ
    rngs: bool = True
    call_args: tuple[str, ...] = ("inputs",)
    call_renames: Mapping[str, str] = field(default_factory=dict)
    call_keyword_only: tuple[str, ...] = ()
    call_dropped: Mapping[str, str] = field(default_factory=dict)
    variables: tuple[Variable, ...] = ()
    note: str = ""
    refuse: str = ""

    @property
    def lazy(self) -> bool:
        """Whether Linen infers a size from the first input."""
        return bool(self.sizes)


def _params(*names: str, **renamed: str) -> tuple[Variable, ...]:
    plain = [Variable("params", name, name, "Param") for name in names]
    return (*plain, *(Variable("params", linen, nnx, "Param") for linen, nnx in renamed.items()))


IN = ("in_features",)
NUM = ("num_features",)
FEATURES = {"features": "out_features"}
REDUCTIONS = {"force_float32_reductions": "NNX computes reductions in float32 always; leave it out unless it was False"}
DOT = {"dot_general_cls": "pass a function as dot_general instead of a class"}
NORM_TAIL = ("axis_name", "axis_index_groups", "use_fast_variance", "force_float32_reductions")
AFFINE = ("epsilon", "dtype", "param_dtype", "use_bias", "use_scale", "bias_init", "scale_init")
ATTENTION_ARGS = (
    "num_heads", "dtype", "param_dtype", "qkv_features", "out_features", "broadcast_dropout", "dropout_rate", "deterministic",
    "precision", "kernel_init", "out_kernel_init", "bias_init", "out_bias_init", "use_bias", "attention_fn", "decode",
    "normalize_qk", "force_fp32_for_softmax", "qkv_dot_general", "out_dot_general", "qkv_dot_general_cls",
    "out_dot_general_cls", "qk_attn_weights_einsum_cls", "attn_weights_value_einsum_cls",
)  # fmt: skip
ATTENTION_DROPPED = {
    "force_fp32_for_softmax": "NNX has no such argument; pass an attention_fn that casts to float32",
    "qk_attn_weights_einsum_cls": "pass an attention_fn that uses the einsum",
    "attn_weights_value_einsum_cls": "pass an attention_fn that uses the einsum",
}
ATTENTION_VARIABLES = (
    *_params(*(f"{part}/{leaf}" for part in ("query", "key", "value", "out") for leaf in ("kernel", "bias"))),
    *_params("query_ln/scale", "key_ln/scale"),
    Variable("cache", "cached_key", "cached_key", "Cache"),
    Variable("cache", "cached_value", "cached_value", "Cache"),
    Variable("cache", "cache_index", "cache_index", "Cache"),
)
ATTENTION_NOTE = "with dropout_rate=0 NNX calls jax.nn.dot_product_attention, which rounds differently (1e-6 in float32)"
CELL_ARGS = (
    "features", "gate_fn", "activation_fn", "kernel_init", "recurrent_kernel_init", "bias_init", "dtype", "param_dtype",
    "carry_init",
)  # fmt: skip
CELL = {"features": "hidden_features"}
CELL_LEADING = ("in_features", "hidden_features")
WRAPPER = "wrap it with nnx.bridge.ToNNX"


def _attention(linen: str, call_args: tuple[str, ...], dropped: Mapping[str, str]) -> Layer:
    return Layer(
        linen,
        "MultiHeadAttention",
        ATTENTION_ARGS,
        IN,
        leading=("num_heads", "in_features"),
        dropped=ATTENTION_DROPPED,
        always={"decode": "False"},
        call_args=call_args,
        call_renames={"dropout_rng": "rngs"},
        call_keyword_only=("mask", "deterministic", "rngs", "sow_weights"),
        call_dropped=dropped,
        variables=ATTENTION_VARIABLES,
        note=ATTENTION_NOTE,
    )


_ALL = (
    Layer(
        "Dense",
        "Linear",
        ("features", "use_bias", "dtype", "param_dtype", "precision", "kernel_init", "bias_init", "promote_dtype",
         "dot_general", "dot_general_cls"),
        IN, FEATURES, ("in_features", "out_features"), DOT,
        variables=_params("kernel", "bias"),
    ),
    Layer(
        "DenseGeneral",
        "LinearGeneral",
        ("features", "axis", "batch_dims", "use_bias", "dtype", "param_dtype", "kernel_init", "bias_init", "precision",
         "promote_dtype", "dot_general", "dot_general_cls"),
        IN, FEATURES, ("in_features", "out_features"),
        {"batch_dims": "give batch_axis={axis: size} with the size of each batch axis"},
        variables=_params("kernel", "bias"),
    ),
    Layer(
        "Conv",
        "Conv",
        ("features", "kernel_size", "strides", "padding", "input_dilation", "kernel_dilation", "feature_group_count",
         "use_bias", "mask", "dtype", "param_dtype", "precision", "kernel_init", "bias_init", "promote_dtype",
         "conv_general_dilated", "conv_general_dilated_cls"),
        IN, FEATURES, ("in_features", "out_features"),
        {"conv_general_dilated_cls": "pass a function as conv_general_dilated instead of a class"},
        variables=_params("kernel", "bias"),
    ),
    Layer(
        "ConvTranspose",
        "ConvTranspose",
        ("features", "kernel_size", "strides", "padding", "kernel_dilation", "use_bias", "mask", "dtype", "param_dtype",
         "precision", "kernel_init", "bias_init", "transpose_kernel", "promote_dtype", "preferred_element_type"),
        IN, FEATURES, ("in_features", "out_features"),
        variables=_params("kernel", "bias"),
    ),
    Layer(
        "Embed",
        "Embed",
        ("num_embeddings", "features", "dtype", "param_dtype", "embedding_init", "promote_dtype"),
        leading=("num_embeddings", "features"),
        variables=_params("embedding"),
        note="NNX fixes the dtype at construction, Linen infers it at each call (attend with low-precision parameters)",
    ),
    Layer(
        "Dropout",
        "Dropout",
        ("rate", "broadcast_dims", "deterministic", "rng_collection"),
        leading=("rate",),
        call_args=("inputs", "deterministic", "rng"),
        call_renames={"rng": "rngs"},
        call_keyword_only=("deterministic", "rngs"),
        note="deterministic defaults to False in NNX: keep passing it at the call",
    ),
    Layer(
        "BatchNorm",
        "BatchNorm",
        ("use_running_average", "axis", "momentum", *AFFINE, *NORM_TAIL),
        NUM, leading=("num_features",), dropped=REDUCTIONS,
        call_args=("x", "use_running_average"),
        call_keyword_only=("mask",),
        variables=(
            *_params("scale", "bias"),
            Variable("batch_stats", "mean", "mean", "BatchStat"),
            Variable("batch_stats", "var", "var", "BatchStat"),
        ),
        note="use_running_average defaults to False in NNX: keep passing it at the call",
    ),
    Layer(
        "LayerNorm",
        "LayerNorm",
        (*AFFINE, "reduction_axes", "feature_axes", *NORM_TAIL),
        NUM, leading=("num_features",), dropped=REDUCTIONS, call_args=("x",), call_keyword_only=("mask",),
        variables=_params("scale", "bias"),
    ),
    Layer(
        "RMSNorm",
        "RMSNorm",
        ("epsilon", "dtype", "param_dtype", "use_scale", "scale_init", "reduction_axes", "feature_axes", *NORM_TAIL),
        NUM, leading=("num_features",), dropped=REDUCTIONS, call_args=("x",), call_keyword_only=("mask",),
        variables=_params("scale"),
    ),
    Layer(
        "GroupNorm",
        "GroupNorm",
        ("num_groups", "group_size", *AFFINE, "reduction_axes", *NORM_TAIL),
        NUM, leading=("num_features",),
        dropped={**REDUCTIONS, "reduction_axes": "NNX repeats group statistics along axis 1, which gives wrong values"},
        call_args=("x",), call_keyword_only=("mask",),
        variables=_params("scale", "bias"),
    ),
    Layer(
        "InstanceNorm",
        "InstanceNorm",
        (*AFFINE, "feature_axes", *NORM_TAIL),
        NUM, leading=("num_features",), dropped=REDUCTIONS, call_args=("x",), call_keyword_only=("mask",),
        variables=_params("scale", "bias"),
    ),
    Layer(
        "Einsum",
        "Einsum",
        ("shape", "einsum_str", "use_bias", "dtype", "param_dtype", "precision", "kernel_init", "bias_init",
         "promote_dtype", "preferred_element_type"),
        renames={"shape": "kernel_shape"},
        leading=("einsum_str", "kernel_shape"),
        dropped={"use_bias": "NNX adds a bias only if bias_shape is given"},
        call_args=("inputs", "einsum_str"),
        variables=_params("kernel", "bias"),
        note="Linen adds a bias by default; NNX only if bias_shape is given",
    ),
    _attention(
        "MultiHeadDotProductAttention",
        ("inputs_q", "inputs_k", "inputs_v"),
        {"inputs_kv": "pass it as inputs_k"},
    ),
    _attention(
        "MultiHeadAttention",
        ("inputs_q", "inputs_k", "inputs_v"),
        {"inputs_kv": "pass it as inputs_k"},
    ),
    _attention("SelfAttention", ("inputs_q", "mask", "deterministic", "dropout_rng", "sow_weights"), {}),
    Layer("PReLU", "PReLU", ("param_dtype", "negative_slope_init"), rngs=False, variables=_params("negative_slope")),
    Layer(
        "LSTMCell", "LSTMCell", CELL_ARGS, IN, CELL, CELL_LEADING,
        call_args=("carry", "inputs"),
        variables=_params(
            *(f"{gate}/kernel" for gate in ("ii", "ig", "io", "hi", "hg", "ho", "hf")),
            *(f"{gate}/bias" for gate in ("hi", "hg", "ho", "hf")),
            **{"if/kernel": "if_/kernel"},
        ),
        note="initialize_carry takes (input_shape, rngs) in NNX",
    ),
    Layer(
        "SimpleCell", "SimpleCell",
        ("features", "activation_fn", "kernel_init", "recurrent_kernel_init", "bias_init", "dtype", "param_dtype",
         "carry_init", "residual"),
        IN, CELL, CELL_LEADING,
        always={"dtype": "None"},
        call_args=("carry", "inputs"),
        variables=_params(**{"i/kernel": "dense_i/kernel", "i/bias": "dense_i/bias", "h/kernel": "dense_h/kernel"}),
        note="initialize_carry takes (input_shape, rngs) in NNX",
    ),
    Layer(
        "OptimizedLSTMCell", "OptimizedLSTMCell", CELL_ARGS, IN, CELL, CELL_LEADING,
        call_args=("carry", "inputs"),
        refuse="NNX fuses the eight kernels into two (gates i, f, g, o), so checkpoints need their concatenation",
    ),
    Layer(
        "GRUCell", "GRUCell", CELL_ARGS, IN, CELL, CELL_LEADING,
        call_args=("carry", "inputs"),
        refuse="the NNX cell has no bias for the candidate's hidden state (hn), so trained weights have no place",
    ),
    Layer("Sequential", "Sequential", ("layers",), rngs=False, call_args=(), note="a list of layers becomes arguments"),
    Layer(
        "RNN", "RNN",
        ("cell", "time_major", "return_carry", "reverse", "keep_order", "unroll", "variable_axes", "variable_broadcast",
         "variable_carry", "split_rngs"),
        leading=("cell",),
        dropped={name: "state_axes says how state is scanned" for name in
                 ("variable_axes", "variable_broadcast", "variable_carry", "split_rngs")},
        call_args=("inputs",), call_dropped={"init_key": "the initial carry draws from rngs"},
        refuse="RNN holds its cell as an argument; write the cell and nnx.RNN by hand",
    ),
    Layer(
        "Bidirectional", "Bidirectional",
        ("forward_rnn", "backward_rnn", "merge_fn", "time_major", "return_carry"),
        leading=("forward_rnn", "backward_rnn"),
        call_args=("inputs",), call_dropped={"init_key": "the initial carry draws from rngs"},
        refuse="Bidirectional holds its layers as arguments; write them and nnx.Bidirectional by hand",
    ),
    Layer("SpectralNorm", "SpectralNorm", ("layer_instance", "n_steps", "epsilon", "dtype", "param_dtype",
          "error_on_non_matrix", "collection_name"), leading=("layer_instance",), call_args=(),
          refuse="NNX overwrites the kernel at each call, in evaluation too"),
    Layer("WeightNorm", "WeightNorm", ("layer_instance", "epsilon", "dtype", "param_dtype", "use_scale", "scale_init",
          "feature_axes", "variable_filter"), leading=("layer_instance",), call_args=(),
          refuse="NNX overwrites the kernel at each call"),
    *(
        Layer(name, "", ("features",), call_args=(), refuse=f"NNX has no such layer; port it by hand, or {WRAPPER}")
        for name in ("ConvLSTMCell", "ConvLocal", "MGUCell")
    ),
    *(
        Layer(name, "", (), call_args=(), refuse="NNX has no fp8 layers; keep it in Linen behind the bridge, or use qwix")
        for name in ("Fp8DirectDotGeneralOp", "Fp8DotGeneral", "Fp8DotGeneralOp", "Fp8Einsum", "NANOOFp8DotGeneralOp")
    ),
    Layer("BatchApply", "", ("f", "num_dims"), call_args=(), refuse="reshape around the call, or use jax.vmap"),
)  # fmt: skip

LAYERS: Mapping[str, Layer] = {layer.linen: layer for layer in _ALL}
