"""Every public name of flax.linen is answered: by a rule that reports it, or as unchanged by silence."""
from __future__ import annotations

import pytest

from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.catalog.names import NAMES, Name
from flake8_nnx.lint import lint_source
from flake8_nnx.rules import BY_CODE

# The public names of flax 0.12, by what a table made by hand says of them.
UNCHANGED = (
    "avg_pool max_pool pool celu elu gelu glu hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu log_sigmoid "
    "log_softmax logsumexp one_hot relu relu6 selu sigmoid silu soft_sign softmax softplus standardize swish tanh "
    "combine_masks make_attention_mask make_causal_mask initializers logical_axis_rules PARTITION_NAME"
).split()
RENAMED = (
    "ones zeros ones_init zeros_init normalize checkpoint DenyList get_sharding add_metadata_axis "
    "with_logical_partitioning get_logical_axis_rules set_logical_axis_rules dot_product_attention_weights Dense "
    "DenseGeneral MultiHeadDotProductAttention SelfAttention"
).split()
SIGNATURE = (
    "Conv ConvTranspose BatchNorm LayerNorm RMSNorm GroupNorm InstanceNorm MultiHeadAttention Embed Dropout Einsum "
    "Sequential PReLU SpectralNorm WeightNorm LSTMCell OptimizedLSTMCell GRUCell SimpleCell RNN Bidirectional RNNCellBase "
    "dot_product_attention Module Variable tabulate get_partition_spec with_partitioning jit vmap scan remat while_loop "
    "cond switch grad value_and_grad vjp jvp custom_vjp"
).split()
NONE = (
    "compact init init_with_output apply share_scope merge_param map_variables intercept_methods remat_scan fold_rngs "
    "broadcast unbox Partitioned LogicallyPartitioned with_logical_constraint logical_to_mesh logical_to_mesh_axes "
    "logical_to_mesh_sharding BatchApply ConvLocal ConvLSTMCell MGUCell Fp8DirectDotGeneralOp Fp8DotGeneral "
    "Fp8DotGeneralOp Fp8Einsum NANOOFp8DotGeneralOp nowrap compact_name_scope FrozenDict named_call "
    "override_named_call enable_named_call disable_named_call"
).split()
SUBMODULES = (
    "activation attention batch_apply combinators dtypes fp8_ops kw_only_dataclasses linear meta module normalization "
    "pooling recurrent spmd stochastic summary transforms"
).split()
PUBLIC = {*UNCHANGED, *RENAMED, *SIGNATURE, *NONE, *SUBMODULES}

REQUIRED = {
    "features": "3", "kernel_size": "(3,)", "num_heads": "2", "num_embeddings": "5", "shape": "(3, 4)", "rate": "0.1",
    "layers": "[nn.relu]", "layer_instance": "block", "cell": "block", "forward_rnn": "block", "backward_rnn": "block",
    "f": "nn.relu",
}  # fmt: skip
# What is not a plain call of the name with one argument.
SNIPPETS = {
    "Module": "class A(nn.Module): pass",
    "RNNCellBase": "class A(nn.RNNCellBase): pass",
    "compact": "class A(nn.Module):\n    @nn.compact\n    def __call__(self, x): return x",
    "broadcast": "y = nn.scan(block, in_axes=nn.broadcast)",
    "DenyList": "y = nn.DenyList(['params'])",
    "Variable": "def f(x: nn.Variable): return x",
    "remat_scan": "y = nn.remat_scan(block, lengths=(3,))",
    "apply": "y = nn.apply(f, block)",
    "PARTITION_NAME": "y = nn.PARTITION_NAME",
    "initializers": "y = nn.initializers.ones",
}
# One name out of each module, and the rules that report it there.
INNER = {
    "activation": ("y = nn.activation.relu(x)", ()),
    "attention": ("y = nn.attention.SelfAttention(2)", ("NNX110",)),
    "combinators": ("y = nn.combinators.Sequential([nn.relu])", ("NNX113",)),
    "dtypes": ("y = nn.dtypes.promote_dtype(x)", ("NNX114",)),
    "fp8_ops": ("y = nn.fp8_ops.Fp8DotGeneralOp()", ("NNX112",)),
    "linear": ("y = nn.linear.Dense(3)", ("NNX110",)),
    "meta": ("y = nn.meta.unbox(x)", ("NNX603",)),
    "module": ("class A(nn.module.Module): pass", ("NNX103",)),
    "normalization": ("y = nn.normalization.LayerNorm()", ("NNX110",)),
    "pooling": ("y = nn.pooling.max_pool(x, (2,))", ()),
    "recurrent": ("y = nn.recurrent.LSTMCell(3)", ("NNX110",)),
    "spmd": ("y = nn.spmd.logical_to_mesh(x)", ("NNX605",)),
    "stochastic": ("y = nn.stochastic.Dropout(0.1)", ("NNX113",)),
    "transforms": ("y = nn.transforms.remat(block)", ("NNX503",)),
}
every_name = pytest.mark.parametrize("name", NAMES.values(), ids=lambda name: name.linen)


def snippet(name: Name) -> str:
    """One use of the name."""
    if name.linen in LAYERS:
        required = LAYERS[name.linen].required
        return f"y = nn.{name.linen}({', '.join(f'{key}={REQUIRED[key]}' for key in required)})"
    return SNIPPETS.get(name.linen, f"y = nn.{name.linen}(x)")


def codes(text: str) -> set[str]:
    return {found.code for found in lint_source(f"import flax.linen as nn\n\n\n{text}\n")}


def test_all_names_are_there() -> None:
    assert set(NAMES) == PUBLIC and len(PUBLIC) == 141


@every_name
def test_fate_is_that_of_the_table(name: Name) -> None:
    """The table calls some helpers missing whose work another function does by now, and some renamed that changed."""
    assert (name.fate == "unchanged") == (name.linen in UNCHANGED)
    assert (name.fate == "module") == (name.linen in SUBMODULES)
    if name.fate in ("renamed", "signature"):
        assert name.nnx and name.linen in {*RENAMED, *SIGNATURE, *NONE}
    if name.fate == "none":
        assert not name.nnx and name.linen in NONE


@every_name
def test_a_rule_reports_what_changes(name: Name) -> None:
    found = codes(snippet(name))
    assert set(name.rules) <= set(BY_CODE)
    if name.fate == "unchanged":
        assert name.rules == () and found == set()
    elif name.fate == "module":
        assert name.rules == ()
    else:
        assert set(name.rules) & found


@pytest.mark.parametrize("module", INNER)
def test_names_through_modules(module: str) -> None:
    text, expected = INNER[module]
    assert codes(text) == set(expected)


@every_name
def test_the_same_name_elsewhere_is_silent(name: Name) -> None:
    text = snippet(name).replace("nn.", "other.")
    assert lint_source(f"import flax\nimport other\n# linen\n\n\n{text}\n") == []
    assert lint_source(f"import flax\nimport other as nn\n# linen\n\n\n{snippet(name)}\n") == []
