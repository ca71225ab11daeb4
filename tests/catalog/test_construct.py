"""Constructor and layer calls: the exact NNX text, and what must be reported instead of written."""
import subprocess
import sys

import pytest
from linen_source import called, made

from flake8_nnx.catalog.known_differences import KNOWN_DIFFERENCES, differences_of
from flake8_nnx.catalog.layers import LAYERS

KEEP = "promote_dtype=lambda args, dtype: args"
FORMULA = KNOWN_DIFFERENCES["attention-fast-path"].remedy

EXACT = {
    # Arguments that keep their place or become keywords.
    "nn.Dense(3)": "nnx.Linear(in_features, 3, rngs=rngs)",
    "nn.Dense(features=3, use_bias=False)": "nnx.Linear(in_features, 3, use_bias=False, rngs=rngs)",
    "nn.Dense(self.features, False, jnp.bfloat16)":
        "nnx.Linear(in_features, self.features, use_bias=False, dtype=jnp.bfloat16, rngs=rngs)",
    "nn.Dense(kernel_init=f(1, 2), features=a or b)": "nnx.Linear(in_features, a or b, kernel_init=f(1, 2), rngs=rngs)",
    "nn.Dense(3, dot_general=None, dot_general_cls=None)": "nnx.Linear(in_features, 3, rngs=rngs)",
    "nn.Dense(3, dot_general=jax.lax.dot_general)": "nnx.Linear(in_features, 3, rngs=rngs)",
    "nn.Dense(3, promote_dtype=own.promote)":
        "nnx.Linear(in_features, 3, promote_dtype=lambda args, **kwargs: own.promote(*args, **kwargs), rngs=rngs)",
    "nn.Dense(3, promote_dtype=lambda *a, dtype: a)":
        "nnx.Linear(in_features, 3, promote_dtype=lambda args, **kwargs: (lambda *a, dtype: a)(*args, **kwargs), "
        "rngs=rngs)",
    "nn.DenseGeneral((2, 3), (-2, -1))": "nnx.LinearGeneral(in_features, (2, 3), axis=(-2, -1), rngs=rngs)",
    "nn.DenseGeneral(3, batch_dims=())": "nnx.LinearGeneral(in_features, 3, rngs=rngs)",
    "nn.Conv(32, (3, 3))": "nnx.Conv(in_features, 32, kernel_size=(3, 3), rngs=rngs)",
    "nn.Conv(strides=2, kernel_size=3, features=32)": "nnx.Conv(in_features, 32, kernel_size=3, strides=2, rngs=rngs)",
    "nn.Conv(8, (3,), 2, 'VALID')": "nnx.Conv(in_features, 8, kernel_size=(3,), strides=2, padding='VALID', rngs=rngs)",
    "nn.ConvTranspose(8, (3,), (2,))": "nnx.ConvTranspose(in_features, 8, kernel_size=(3,), strides=(2,), rngs=rngs)",
    "nn.Embed(10, 4)": "nnx.Embed(10, 4, rngs=rngs)",
    "nn.Embed(features=4, num_embeddings=10)": "nnx.Embed(10, 4, rngs=rngs)",
    "nn.Dropout(0.5, (0,), True)": "nnx.Dropout(0.5, broadcast_dims=(0,), deterministic=True, rngs=rngs)",
    "nn.PReLU(jnp.bfloat16)": "nnx.PReLU(param_dtype=jnp.bfloat16)",
    # Norms: the first argument is now num_features.
    "nn.BatchNorm(True)": "nnx.BatchNorm(num_features, use_running_average=True, rngs=rngs)",
    "nn.BatchNorm(None, -1, 0.9)":
        "nnx.BatchNorm(num_features, use_running_average=None, axis=-1, momentum=0.9, rngs=rngs)",
    "nn.GroupNorm(32)": "nnx.GroupNorm(num_features, num_groups=32, rngs=rngs)",
    "nn.GroupNorm(None, 4)": "nnx.GroupNorm(num_features, num_groups=None, group_size=4, rngs=rngs)",
    "nn.LayerNorm(1e-5)": "nnx.LayerNorm(num_features, epsilon=1e-05, rngs=rngs)",
    "nn.LayerNorm(feature_axes=(-1,))": "nnx.LayerNorm(num_features, feature_axes=(-1,), rngs=rngs)",
    "nn.RMSNorm(force_float32_reductions=True)": "nnx.RMSNorm(num_features, rngs=rngs)",
    "nn.InstanceNorm()": "nnx.InstanceNorm(num_features, rngs=rngs)",
    # Types other than float32: NNX would cast first.
    "nn.LayerNorm(dtype=jnp.float32)": "nnx.LayerNorm(num_features, dtype=jnp.float32, rngs=rngs)",
    "nn.LayerNorm(dtype=None)": "nnx.LayerNorm(num_features, dtype=None, rngs=rngs)",
    "nn.LayerNorm(dtype=self.dtype)": f"nnx.LayerNorm(num_features, dtype=self.dtype, {KEEP}, rngs=rngs)",
    "nn.GroupNorm(dtype='bfloat16')": f"nnx.GroupNorm(num_features, dtype='bfloat16', {KEEP}, rngs=rngs)",
    "nn.LayerNorm(param_dtype=jnp.bfloat16)": "nnx.LayerNorm(num_features, param_dtype=jnp.bfloat16, rngs=rngs)",
    "nn.BatchNorm(param_dtype=jnp.bfloat16)":
        f"nnx.BatchNorm(num_features, param_dtype=jnp.bfloat16, {KEEP}, rngs=rngs)",
    "nn.BatchNorm(use_bias=False, use_scale=False)":
        f"nnx.BatchNorm(num_features, use_bias=False, use_scale=False, {KEEP}, rngs=rngs)",
    "nn.BatchNorm(use_bias=False)": "nnx.BatchNorm(num_features, use_bias=False, rngs=rngs)",
    # Einsum: swapped arguments, and a bias whose shape NNX wants.
    "nn.Einsum((8, 4), 'ab,bc->ac', False)": "nnx.Einsum('ab,bc->ac', (8, 4), rngs=rngs)",
    "nn.Einsum((8, 4), 'ab,bc->ac')": "nnx.Einsum('ab,bc->ac', (8, 4), bias_shape=(4,), rngs=rngs)",
    "nn.Einsum((n, 2, d), '... t a, h a b -> ... t h b')":
        "nnx.Einsum('... t a, h a b -> ... t h b', (n, 2, d), bias_shape=(n, d), rngs=rngs)",
    "nn.Einsum((8, 4), 'ab,bc->ac', self.bias)":
        "nnx.Einsum('ab,bc->ac', (8, 4), bias_shape=(4,) if self.bias else None, rngs=rngs)",
    # Attention: sizes, decode, and Linen's formula where precision matters.
    "nn.MultiHeadAttention(4)": "nnx.MultiHeadAttention(num_heads=4, in_features=in_features, decode=False, rngs=rngs)",
    "nn.SelfAttention(num_heads=4, dropout_rate=0.1, dtype=jnp.bfloat16)":
        "nnx.MultiHeadAttention(num_heads=4, in_features=in_features, dropout_rate=0.1, dtype=jnp.bfloat16, "
        "decode=False, rngs=rngs)",
    "nn.MultiHeadDotProductAttention(4, self.dtype)":
        f"nnx.MultiHeadAttention(num_heads=4, in_features=in_features, dtype=self.dtype, {FORMULA}, decode=False, "
        "rngs=rngs)",
    "nn.MultiHeadDotProductAttention(4, precision='highest', attention_fn=nn.dot_product_attention)":
        f"nnx.MultiHeadAttention(num_heads=4, in_features=in_features, precision='highest', {FORMULA}, decode=False, "
        "rngs=rngs)",
    "nn.MultiHeadAttention(4, jnp.bfloat16, normalize_qk=True, dropout_rate=0.1, decode=self.decode)":
        "nnx.MultiHeadAttention(num_heads=4, in_features=in_features, dtype=jnp.bfloat16, normalize_qk=True, "
        "dropout_rate=0.1, ln_promote_dtype=lambda args, dtype: args, decode=self.decode, rngs=rngs)",
    # Cells and containers.
    "nn.LSTMCell(3)": "nnx.LSTMCell(in_features, 3, rngs=rngs)",
    "nn.OptimizedLSTMCell(features=3)": "nnx.LSTMCell(in_features, 3, rngs=rngs)",
    "nn.SimpleCell(3)": "nnx.SimpleCell(in_features, 3, dtype=None, rngs=rngs)",
    "nn.SimpleCell(3, dtype=jnp.float16)": "nnx.SimpleCell(in_features, 3, dtype=jnp.float16, rngs=rngs)",
    "nn.RNN(self.cell, True, variable_broadcast='params')": "nnx.RNN(self.cell, time_major=True)",
    "nn.RNN(nnx.LSTMCell(2, 3, rngs=rngs))": "nnx.RNN(nnx.LSTMCell(2, 3, rngs=rngs))",
    "nn.Bidirectional(a, b, return_carry=True)": "nnx.Bidirectional(a, b, return_carry=True)",
    "nn.Sequential([nnx.Linear(1, 2, rngs=rngs), nnx.relu])": "nnx.Sequential(nnx.Linear(1, 2, rngs=rngs), nnx.relu)",
    "nn.Sequential((a, b[0]))": "nnx.Sequential(a, b[0])",
    "nn.Sequential(layers=self.layers)": "nnx.Sequential(*self.layers)",
    "nn.Sequential([a] + [b])": "nnx.Sequential(*[a] + [b])",
}  # fmt: skip

# What cannot be written exactly, and a word of the reason.
PROBLEMS = {
    "nn.Dense()": "needs `features`",
    "nn.Dense(3, units=4)": "no argument `units`",
    "nn.Dense(3, features=4)": "`features` twice",
    "nn.Dense(*sizes)": "with * or **",
    "nn.Dense(**options)": "with * or **",
    "nn.Embed(1, 2, None, jnp.float32, init, promote, 7)": "takes 6 positional arguments, 7 are given",
    "nn.Dense(3, dot_general=mine)": "out_sharding=",
    "nn.Dense(3, dot_general_cls=Mine)": "no NNX twin",
    "nn.DenseGeneral(3, dot_general_cls=Mine)": "out_sharding=",
    "nn.DenseGeneral(3, batch_dims=(0,))": "batch_axis={axis: size}",
    "nn.DenseGeneral(3, axis=(-1, -2))": "ascending",
    "nn.DenseGeneral(3, axis=(1, -1))": "one sign",
    "nn.Conv(3)": "needs `kernel_size`",
    "nn.Conv(3, 3, conv_general_dilated=mine)": "out_sharding=",
    "nn.Conv(3, 3, conv_general_dilated_cls=Mine)": "no NNX twin",
    "nn.Conv(3, 3, group=2)": "no argument `group`",
    "nn.ConvTranspose(3, 3, input_dilation=2)": "no argument `input_dilation`",
    "nn.Embed(3)": "needs `features`",
    "nn.Dropout()": "needs `rate`",
    "nn.BatchNorm(axis=(0, -1))": "single axis",
    "nn.BatchNorm(axis=self.axis)": "single axis",
    "nn.LayerNorm(feature_axes=(-2, -1))": "single axis",
    "nn.LayerNorm(force_float32_reductions=False)": "force_float32_reductions=False",
    "nn.RMSNorm(force_float32_reductions=self.force)": "force_float32_reductions=self.force",
    "nn.RMSNorm(use_bias=False)": "no argument `use_bias`",
    "nn.GroupNorm(reduction_axes=(-3, -2, -1))": "axis 1",
    "nn.InstanceNorm(feature_axes=[-2, -1])": "single axis",
    "nn.Einsum((8, 4))": "einsum_str of the call",
    "nn.Einsum(self.shape, 'ab,bc->ac')": "bias_shape=",
    "nn.Einsum((8, 4), self.equation)": "bias_shape=",
    "nn.Einsum((8, 4), '...a,...b->ab')": "bias_shape=",
    "nn.Einsum((*batch, 4), 'ab,bc->ac')": "bias_shape=",
    "nn.MultiHeadAttention()": "needs `num_heads`",
    "nn.MultiHeadAttention(4, attention_fn=mine)": "take **kwargs",
    "nn.MultiHeadAttention(4, attention_fn=jax.nn.dot_product_attention)": "take **kwargs",
    "nn.MultiHeadAttention(4, decode=True)": "init_cache",
    "nn.SelfAttention(4, force_fp32_for_softmax=True)": "softmax in float32",
    "nn.SelfAttention(4, qkv_dot_general=mine)": "out_sharding=",
    "nn.SelfAttention(4, qk_attn_weights_einsum_cls=Mine)": "attention_fn",
    "nn.GRUCell(3)": "no bias hn",
    "nn.MGUCell(3)": "nnx.bridge.ToNNX",
    "nn.ConvLSTMCell(3, (3, 3))": "nnx.bridge.ToNNX",
    "nn.ConvLocal(3, (3, 3))": "conv_general_dilated_local",
    "nn.SpectralNorm(layer)": "overwrites the kernel",
    "nn.WeightNorm(nn.Dense(3))": "overwrites the kernel",
    "nn.BatchApply(f)": "jax.vmap",
    "nn.Fp8Einsum()": "qwix",
    "nn.RNN(nn.LSTMCell(3))": "`nn.LSTMCell(…)` inside nn.RNN",
    "nn.RNN(cell, variable_carry='batch_stats')": "write the loop with nnx.scan",
    "nn.Bidirectional(nn.RNN(a), nnx.RNN(b))": "`nn.RNN(…)` inside nn.Bidirectional",
    "nn.Sequential([linen.Dense(3), nnx.relu])": "`linen.Dense(…)` inside nn.Sequential",
    "nn.Sequential([Dense(3)])": "`Dense(…)` inside nn.Sequential",
    "nn.Sequential()": "needs `layers`",
}


@pytest.mark.parametrize("linen", EXACT)
def test_exact(linen):
    construction = made(linen)
    assert construction.problems == ()
    assert construction.code == EXACT[linen]


@pytest.mark.parametrize("linen", PROBLEMS)
def test_reported(linen):
    problems = made(linen).problems
    assert len(problems) == 1, problems
    assert PROBLEMS[linen] in problems[0]
    assert "\n" not in problems[0]


def test_sizes_and_names():
    assert made("nn.Dense(3)", {"in_features": "2 * n"}).code == "nnx.Linear(2 * n, 3, rngs=rngs)"
    assert made("nn.Dense(3)", nnx="flax.nnx", rngs="streams").code == "flax.nnx.Linear(in_features, 3, rngs=streams)"
    both = {"in_features": "8", "in_kv_features": "4"}
    cross = "nnx.MultiHeadAttention(num_heads=2, in_features=8, in_kv_features=4, decode=False, rngs=rngs)"
    assert made("nn.MultiHeadAttention(2)", both).code == cross
    same = {"in_features": "8", "in_kv_features": "8"}
    assert made("nn.MultiHeadAttention(2)", same).code == cross.replace("in_kv_features=4, ", "")
    half = made("nn.MultiHeadAttention(2, jnp.float16)", nnx="flax.nnx").code
    assert "flax.nnx.dot_product_attention" in half and " nnx." not in half


def test_the_best_suggestion_is_still_a_call():
    assert made("nn.Dense()").code == "nnx.Linear(in_features, rngs=rngs)"
    assert made("nn.Conv(kernel_size=3)").code == "nnx.Conv(in_features, kernel_size=3, rngs=rngs)"
    assert made("nn.Embed(features=4)").code == "nnx.Embed(features=4, rngs=rngs)"
    assert made("nn.GRUCell(3)").code == "nnx.GRUCell(in_features, 3, rngs=rngs)"
    assert made("nn.Einsum((8, 4))").code == "nnx.Einsum(einsum_str, (8, 4), rngs=rngs)"


def test_notes_are_about_this_call():
    assert "keep passing it at the call" in made("nn.BatchNorm()").notes[0]
    assert made("nn.BatchNorm(use_running_average=True)").notes == ()
    assert made("nn.Dropout(0.5, deterministic=True)").notes == ()
    assert "jax.nn.dot_product_attention" in made("nn.SelfAttention(4)").notes[0]
    assert made("nn.SelfAttention(4, dropout_rate=0.1)").notes == ()
    assert "init_cache" in made("nn.SelfAttention(4, dropout_rate=0.1, decode=self.decode)").notes[0]
    assert "size of axis 1" in made("nn.LayerNorm(feature_axes=1)").notes[0]
    assert "attend()" in made("nn.Embed(3, 4, param_dtype=jnp.bfloat16)").notes[0]
    assert made("nn.Embed(3, 4, jnp.bfloat16, jnp.bfloat16)").notes == made("nn.Dense(3)").notes == ()
    assert "part of the state" in made("nn.Conv(3, 3, mask=mask)").notes[0]
    assert made("nn.Conv(3, 3, mask=None)").notes == ()


CALLS = {
    ("Dense", "f(x)"): "x",
    ("Dense", "f(inputs=x)"): "inputs=x",
    ("Dropout", "f(x, not train)"): "x, deterministic=not train",
    ("Dropout", "f(x, True, key)"): "x, deterministic=True, rngs=key",
    ("Dropout", "f(x, rng=key, deterministic=False)"): "x, rngs=key, deterministic=False",
    ("BatchNorm", "f(x, not train, mask=mask)"): "x, not train, mask=mask",
    ("MultiHeadAttention", "f(q, k, v, mask=m)"): "q, k, v, mask=m",
    ("MultiHeadDotProductAttention", "f(q, inputs_kv=kv)"): "q, inputs_k=kv",
    ("SelfAttention", "f(x, mask, deterministic)"): "x, mask=mask, deterministic=deterministic",
    ("SelfAttention", "f(x, dropout_rng=None)"): "x",
    ("Einsum", "f(x, 'ab,bc->ac')"): "x, 'ab,bc->ac'",
    ("LSTMCell", "f(carry, x)"): "carry, x",
    ("RNN", "f(x, initial_carry=c, seq_lengths=n)"): "x, initial_carry=c, seq_lengths=n",
    ("Sequential", "f(x, y)"): "x, y",
}
CALL_PROBLEMS = {
    ("Dense", "f(x, train)"): "takes 1 positional",
    ("Dense", "f(x, train=True)"): "no argument `train`",
    ("Dropout", "f(x, inputs=x)"): "`inputs` twice",
    ("LayerNorm", "f(*xs)"): "with * or **",
    ("SelfAttention", "f(x, dropout_rng=key)"): "nnx.Rngs",
    ("SelfAttention", "f(x, inputs_k=y)"): "no argument `inputs_k`",
    ("MultiHeadAttention", "f(q, k, v, mask)"): "takes 3 positional",
    ("RNN", "f(x, init_key=key)"): "initial_carry=",
    ("Sequential", "f(x, train=True)"): "every layer",
}


@pytest.mark.parametrize("linen, source", CALLS)
def test_call(linen, source):
    assert called(linen, source) == (CALLS[linen, source], ())


@pytest.mark.parametrize("linen, source", CALL_PROBLEMS)
def test_call_reported(linen, source):
    problems = called(linen, source)[1]
    assert len(problems) == 1 and CALL_PROBLEMS[linen, source] in problems[0]


def test_every_layer_is_written_or_refused():
    exact = {source.partition("(")[0].removeprefix("nn.") for source in EXACT}
    refused = {name for name, layer in LAYERS.items() if layer.refuse}
    assert exact | refused == set(LAYERS) and not exact & refused
    assert all(layer.nnx or layer.refuse for layer in LAYERS.values())


def test_differences_name_layers():
    for difference in KNOWN_DIFFERENCES.values():
        assert set(difference.layers) <= set(LAYERS)
        assert all((difference.condition, difference.linen, difference.nnx, difference.remedy))
        assert "\n" not in str(difference)
    assert [d.name for d in differences_of("SimpleCell")][0] == "simple-cell-dtype"
    assert differences_of("Dense") and not differences_of("PReLU")


def test_needs_the_standard_library_only():
    loaded = (
        "import sys; before = set(sys.modules); import flake8_nnx.catalog.construct, flake8_nnx.catalog.functions, "
        "flake8_nnx.catalog.collections; new = {m.partition('.')[0] for m in set(sys.modules) - before}; "
        "print(*sorted(new - set(sys.stdlib_module_names)))"
    )
    result = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["flake8_nnx"]
