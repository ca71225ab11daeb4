"""Where a Linen layer and its NNX twin part, and what makes them equal again.

Each row was established by running both sides on flax 0.12.8 and 0.12.12; `construct` quotes rows as notes, and
verdicts name the likely cause with them.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

NORMS = ("BatchNorm", "LayerNorm", "RMSNorm", "GroupNorm", "InstanceNorm")
ATTENTION = ("MultiHeadDotProductAttention", "MultiHeadAttention", "SelfAttention")
CELLS = ("LSTMCell", "OptimizedLSTMCell", "SimpleCell", "GRUCell")
PROMOTING = ("Dense", "DenseGeneral", "Conv", "ConvTranspose", "Einsum", "Embed")
KEEP = "promote_dtype=lambda args, dtype: args"
FORMULA = (
    "attention_fn=lambda *args, module, **kwargs: nnx.dot_product_attention(*args, module=module or False, **kwargs)"
)


@dataclass(frozen=True)
class Difference:
    """One difference: under `condition`, `linen` happens on one side and `nnx` on the other.

    `emitted` tells whether `construct` writes the remedy by itself; `silent` whether NNX runs on without an error.
    """

    name: str
    layers: tuple[str, ...]
    condition: str
    linen: str
    nnx: str
    remedy: str
    emitted: bool = False
    silent: bool = True

    def __str__(self) -> str:
        return f"{self.condition}: Linen {self.linen}, NNX {self.nnx}; {self.remedy}"


NO_TWIN = (
    "MGUCell", "ConvLSTMCell", "ConvLocal", "Fp8DirectDotGeneralOp", "Fp8DotGeneral", "Fp8DotGeneralOp", "Fp8Einsum",
    "NANOOFp8DotGeneralOp",
)  # fmt: skip

_ROWS = (
    Difference(
        "norm-dtype", NORMS,
        "dtype other than float32 with float32 parameters",
        "computes statistics, scale and bias in float32 and casts the result",
        "casts input, scale and bias (BatchNorm: also mean and var) first, which errs by 0.5-1% in bfloat16",
        KEEP, emitted=True,
    ),
    Difference(
        "batch-norm-promotion", ("BatchNorm",),
        "param_dtype other than float32, or neither scale nor bias, with a half-precision input",
        "returns the type of the input",
        "returns float32, since its float32 statistics take part in the promotion",
        KEEP, emitted=True,
    ),
    Difference(
        "norm-gradient", NORMS,
        "half-precision input, float32 parameters and no dtype: the outputs are equal, the gradient of the input is not",
        "casts the input for each of its uses, so that half-precision cotangents are added",
        "casts the input once, adds the cotangents in float32 and rounds them once",
        KEEP,
    ),
    Difference(
        "attention-fast-path", ATTENTION,
        "dropout_rate=0",
        "scales the query, then applies softmax in the given dtype and precision",
        "calls jax.nn.dot_product_attention: scales after the product, softmax in float32, precision= is ignored "
        "(1e-6 in float32, 3e-2 in bfloat16)",
        FORMULA, emitted=True,
    ),
    Difference(
        "attention-mask-rank", ATTENTION,
        "dropout_rate=0, several batch axes, and a mask in which one of them is missing or of size 1",
        "broadcasts the mask",
        "merges the batch axes of queries and mask each, which then do not fit: it raises",
        f"broadcast the mask to all batch axes, or {FORMULA}", silent=False,
    ),
    Difference(
        "attention-norm-dtype", ATTENTION,
        "normalize_qk with a dtype other than float32",
        "normalizes in float32",
        "casts first",
        "ln_promote_dtype=lambda args, dtype: args", emitted=True,
    ),
    Difference(
        "attention-function", ATTENTION,
        "attention_fn of one's own",
        "passes only the keywords in its signature",
        "passes all of them, and is_causal= and module= besides",
        "let the function take **kwargs", silent=False,
    ),
    Difference(
        "attention-kv-size", ATTENTION,
        "keys of another size than queries",
        "infers the size of each input",
        "takes in_features for all of them unless in_kv_features= is given, for keys and values together",
        "give in_kv_features=", silent=False,
    ),
    Difference(
        "decode-default", ATTENTION,
        "decode= left out", "takes False", "raises at the call", "decode=False", emitted=True, silent=False,
    ),
    Difference(
        "decode-cache", ATTENTION,
        "decode=True",
        "makes the cache during init, in the type of the keys",
        "raises until init_cache(input_shape, dtype) is called, whose dtype defaults to float32",
        "call init_cache with the shape and type of the whole sequence", silent=False,
    ),
    Difference(
        "flag-defaults", ("BatchNorm", "Dropout"),
        "use_running_average or deterministic left out of the constructor and the call",
        "raises", "takes False: training mode", "keep passing the flag at the call",
    ),
    Difference(
        "einsum-bias", ("Einsum",),
        "use_bias left out or True",
        "adds a bias over the axes that the kernel shares with the result",
        "adds none unless bias_shape= is given",
        "give bias_shape=", emitted=True,
    ),
    Difference(
        "embed-dtype", ("Embed",),
        "attend() with param_dtype other than float32, or parameters that are cast later",
        "takes the type from the query and the table at each call",
        "has fixed the type of the table when it was built",
        "promote_dtype= with a function that ignores its dtype argument",
    ),
    Difference(
        "promote-function", PROMOTING,
        "promote_dtype of one's own",
        "calls it with the arrays as arguments",
        "calls it with one tuple of arrays",
        "promote_dtype=lambda args, **kwargs: f(*args, **kwargs)", emitted=True, silent=False,
    ),
    Difference(
        "out-sharding", ("Dense", "DenseGeneral", "Conv", *ATTENTION),
        "dot_general or conv_general_dilated of one's own",
        "does not pass out_sharding=", "passes out_sharding=", "let the function take out_sharding=", silent=False,
    ),
    Difference(
        "conv-mask", ("Conv", "ConvTranspose"),
        "mask= given",
        "keeps it as configuration", "keeps it as part of the state, beside the parameters",
        "select parameters with nnx.Param, not with everything in nnx.state",
    ),
    Difference(
        "multiple-axes", NORMS,
        "more than one feature axis",
        "has parameters of the shape of these axes",
        "has flat parameters; BatchNorm raises in training",
        "merge the axes with reshape around the call",
    ),
    Difference(
        "group-norm-axes", ("GroupNorm",),
        "reduction_axes given",
        "repeats group statistics along the last axis", "repeats them along axis 1: wrong values",
        "move the reduced axes behind the batch axis and leave reduction_axes out",
    ),
    Difference(
        "integer-mask", NORMS,
        "integer mask", "casts it to bool", "raises", "pass mask.astype(bool)", silent=False,
    ),
    Difference(
        "forced-precision", (*NORMS, *ATTENTION),
        "force_float32_reductions=False, force_fp32_for_softmax=True or einsum classes",
        "obeys", "has no such argument", "keep the Linen layer behind nnx.bridge.ToNNX", silent=False,
    ),
    Difference(
        "simple-cell-dtype", ("SimpleCell",),
        "dtype left out", "infers it", "takes float32", "dtype=None", emitted=True,
    ),
    Difference(
        "gru-bias", ("GRUCell",), "always", "has a bias on hn", "has none, so trained weights have no place",
        "write the cell with nnx.Linear layers",
    ),
    Difference(
        "fused-gates", ("OptimizedLSTMCell", "GRUCell"),
        "always",
        "has a kernel for each gate",
        "has one kernel for all gates: checkpoints need concatenation, and initial weights are drawn otherwise",
        "nnx.LSTMCell, which has a kernel for each gate, or concatenate in the order i, f, g, o",
    ),
    Difference(
        "random-carry", ("RNN", "Bidirectional", *CELLS),
        "carry_init that draws numbers",
        "draws from a constant key", "draws from a random stream", "pass initial_carry=",
    ),
    Difference(
        "orthogonal-half-precision", CELLS,
        "param_dtype=bfloat16 on jax 0.12", "raises in the orthogonal initializer", "raises too, except in LSTMCell",
        "give recurrent_kernel_init=", silent=False,
    ),
    Difference(
        "sequential-keywords", ("Sequential",),
        "keywords at the call",
        "gives them to the first layer", "gives them to every layer that takes them (flax 0.12.12)",
        "call the layers one by one",
    ),
    Difference(
        "weight-norm-kernel", ("WeightNorm", "SpectralNorm"),
        "always", "leaves the weights as they are", "overwrites the kernel at each call, in evaluation too",
        "keep the Linen layer behind nnx.bridge.ToNNX, or run the layer on nnx.clone(layer)",
    ),
    Difference(
        "weight-norm-scale", ("WeightNorm",),
        "flax 0.12.8", "trains the scale", "keeps scales that are no nnx.Variable (mended in 0.12.12)", "update flax",
    ),
    Difference(
        "weight-norm-init", ("WeightNorm", "SpectralNorm"),
        "always", "normalises the kernel at init and draws u from N(0, 1)", "does not, and draws u from 0.01 N(0, 1)",
        "copy the Linen variables",
    ),
    Difference(
        "weight-norm-filter", ("WeightNorm",),
        "variable_filter given", "matches parts of names", "matches whole path components",
        "write an nnx filter such as nnx.PathContains('kernel')",
    ),
    Difference(
        "no-twin", NO_TWIN,
        "always", "has this layer", "has none", "write it with NNX layers, or keep it behind nnx.bridge.ToNNX", silent=False,
    ),
    Difference(
        "init-runs-forward", (),
        "variables of one's own that the call changes",
        "has run the call once in init, so a counter starts at 1", "has only run the constructor, so it starts at 0",
        "start the variable one step later",
    ),
    Difference(
        "partitioned-init", (),
        "partitioned initializers without a mesh",
        "makes the parameters", "raises", "call jax.set_mesh, or set flax_always_shard_variable to False", silent=False,
    ),
)  # fmt: skip

KNOWN_DIFFERENCES: Mapping[str, Difference] = {row.name: row for row in _ROWS}


def differences_of(linen: str) -> tuple[Difference, ...]:
    """The rows about one Linen layer, in the order of the table."""
    return tuple(row for row in _ROWS if linen in row.layers)
