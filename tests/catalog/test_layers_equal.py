"""The code that `construct` and `call` write, run beside the Linen layer with the same weights: equal bit for bit."""
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from flax.traverse_util import flatten_dict, unflatten_dict
from linen_source import called, made, split

from flake8_nnx.catalog.known_differences import KNOWN_DIFFERENCES
from flake8_nnx.catalog.layers import LAYERS

pytestmark = pytest.mark.jax
KEY = jax.random.key(7)
X = jax.random.normal(jax.random.key(1), (2, 5, 8))
IMAGE = jax.random.normal(jax.random.key(2), (2, 6, 5, 8))
MASK = np.tril(np.ones((1, 1, 5, 5), bool))
TOKENS = jnp.array([[0, 3], [8, 1]])
HIDDEN = jax.random.normal(jax.random.key(3), (2, 3))
WHERE = np.arange(5)[None, :, None] < 4


def promote(*arrays, dtype=None, inexact=True):
    return [None if array is None else array.astype(jnp.float16) for array in arrays]


NAMES = {
    "nn": nn, "nnx": nnx, "jax": jax, "jnp": jnp, "x": X, "image": IMAGE, "bf": X.astype(jnp.bfloat16), "mask": MASK,
    "tokens": TOKENS, "h": HIDDEN, "key": KEY, "where": WHERE, "promote": promote, "ones": jnp.ones((3, 8, 4)),
}  # fmt: skip
# Linen constructor, Linen call.
EQUAL = [
    ("nn.Dense(3)", "f(x)"),
    ("nn.Dense(3, False, jnp.bfloat16)", "f(x)"),
    ("nn.Dense(3, param_dtype=jnp.bfloat16, precision='highest')", "f(bf)"),
    ("nn.Dense(3, promote_dtype=promote)", "f(x)"),
    ("nn.DenseGeneral((2, 3))", "f(x)"),
    ("nn.DenseGeneral(3, axis=(-2, -1), dtype=jnp.float16)", "f(x)"),
    ("nn.Conv(4, (3, 3))", "f(image)"),
    ("nn.Conv(4, (3, 2), 2, [(1, 0), (2, 2)], kernel_dilation=(1, 2), feature_group_count=2)", "f(image)"),
    ("nn.Conv(4, 3, padding='CIRCULAR', dtype=jnp.bfloat16)", "f(x)"),
    ("nn.Conv(4, (3,), padding='CAUSAL', use_bias=False, mask=ones)", "f(x)"),
    ("nn.ConvTranspose(4, (3, 3), (2, 2))", "f(image)"),
    ("nn.ConvTranspose(4, (3,), transpose_kernel=True, padding='VALID')", "f(x)"),
    ("nn.Embed(9, 4)", "f(tokens)"),
    ("nn.Embed(9, 4, dtype=jnp.float16)", "f(inputs=tokens)"),
    ("nn.Dropout(0.5)", "f(x, True)"),
    ("nn.Dropout(0.5)", "f(x, False, key)"),
    ("nn.Dropout(0.5, (1,), False)", "f(x, rng=key)"),
    ("nn.BatchNorm(True)", "f(x)"),
    ("nn.BatchNorm(momentum=0.9)", "f(x, False)"),
    ("nn.BatchNorm(axis=1)", "f(x, use_running_average=False)"),
    ("nn.BatchNorm(dtype=jnp.bfloat16)", "f(x, False, mask=where)"),
    ("nn.BatchNorm(True, param_dtype=jnp.bfloat16)", "f(bf)"),
    ("nn.BatchNorm(use_bias=False, use_scale=False)", "f(bf, True)"),
    ("nn.LayerNorm()", "f(x)"),
    ("nn.LayerNorm(1e-5, jnp.bfloat16, use_bias=False)", "f(x)"),
    ("nn.LayerNorm(reduction_axes=(1, 2), use_fast_variance=False)", "f(x, mask=where)"),
    ("nn.LayerNorm(feature_axes=1)", "f(x)"),
    ("nn.RMSNorm(dtype=jnp.float16)", "f(bf)"),
    ("nn.RMSNorm(param_dtype=jnp.bfloat16)", "f(bf)"),
    ("nn.GroupNorm(4)", "f(image)"),
    ("nn.GroupNorm(None, 2, dtype=jnp.bfloat16)", "f(image)"),
    ("nn.InstanceNorm(dtype=jnp.bfloat16)", "f(image)"),
    ("nn.Einsum((3, 8, 4), '...d,hdk->...hk')", "f(x)"),
    ("nn.Einsum((3, 8, 4), '...d,hdk->...kh', dtype=jnp.bfloat16)", "f(x)"),
    ("nn.Einsum((5, 8), 'btd,td->bt')", "f(x)"),
    ("nn.Einsum((5, 8), 'btd,td->b')", "f(x)"),
    ("nn.Einsum((3, 8), '...d,hd->...h', use_bias=False)", "f(x)"),
    ("nn.MultiHeadAttention(2, jnp.bfloat16)", "f(x, mask=mask)"),
    ("nn.MultiHeadAttention(2, precision='highest', qkv_features=4, out_features=6)", "f(x, x, x)"),
    ("nn.MultiHeadDotProductAttention(2, dropout_rate=0.5)", "f(x, inputs_kv=x + 1, mask=mask, deterministic=True)"),
    ("nn.MultiHeadDotProductAttention(2, jnp.float16, normalize_qk=True)", "f(x, x + 1)"),
    ("nn.SelfAttention(2, dropout_rate=0.5, deterministic=True, use_bias=False)", "f(x, mask)"),
    ("nn.SelfAttention(2, param_dtype=jnp.bfloat16)", "f(bf, mask)"),
    ("nn.PReLU()", "f(x)"),
    ("nn.PReLU(negative_slope_init=0.5)", "f(bf)"),
    ("nn.LSTMCell(3)", "f((h, h + 1), x[:, 0])"),
    ("nn.LSTMCell(3, dtype=jnp.bfloat16)", "f((h, h), x[:, 0])"),
    ("nn.SimpleCell(3, residual=True)", "f(h, x[:, 0])"),
    ("nn.SimpleCell(3)", "f(h, bf[:, 0])"),
]
# NNX's attention without dropout multiplies in another order: equal up to rounding, as its note says.
ROUNDED = [("nn.MultiHeadAttention(2)", "f(x, mask=mask)"), ("nn.SelfAttention(2, normalize_qk=True)", "f(x)")]


def linen_side(source, call):
    """Layer, random variables, output and changed variables."""
    layer = eval(source, NAMES)
    run = f"run({call.removeprefix('f(')[:-1]})"
    keys = {"params": KEY, "dropout": KEY}
    init = {**NAMES, "run": lambda *a, **k: jax.eval_shape(lambda: layer.init(keys, *a, **k))}
    leaves, tree = jax.tree.flatten(eval(run, init))
    random = np.random.default_rng(0)
    variables = jax.tree.unflatten(tree, [jnp.asarray(random.uniform(0.5, 1.5, v.shape), v.dtype) for v in leaves])
    apply = {**NAMES, "run": lambda *a, **k: layer.apply(variables, *a, mutable=["batch_stats"], **k)}
    output, changed = eval(run, apply)
    return variables, output, {**variables, **changed}


def nnx_side(source, call, code, variables):
    """The layer that `code` makes, with the weights of the Linen layer, and its output."""
    name = split(source)[0]

    def build():
        return eval(code, {**NAMES, "rngs": nnx.Rngs(params=0, dropout=1)})

    layer = build() if "mask=" in code else nnx.eval_shape(build)  # a mask is an array of its own
    flat = flatten_dict(variables, sep="/")
    paths = {f"{v.collection}/{v.linen}": v.nnx for v in LAYERS[name].variables}
    assert set(flat) <= set(paths)
    state = nnx.state(layer, nnx.Any(nnx.Param, nnx.BatchStat))
    shapes = {"/".join(path): v.shape for path, v in nnx.to_flat_state(state)}
    assert shapes == {paths[path]: value.shape for path, value in flat.items()}
    tree = unflatten_dict({tuple(paths[path].split("/")): value for path, value in flat.items()})
    nnx.replace_by_pure_dict(state, tree)
    nnx.update(layer, state)
    arguments, problems = called(name, call)
    assert problems == ()
    return layer, eval(f"layer({arguments})", {**NAMES, "layer": layer})


def sizes(source, call):
    """Sizes of the inputs above, as text."""
    if "axis=1" in source or "feature_axes=1" in source:
        return {"num_features": "5"}
    return {"in_features": "(5, 8)" if "axis=(-2, -1)" in source else "8", "num_features": "8"}


def both(source, call, without=""):
    """Linen output and variables, NNX output and variables; `without` is removed from the code."""
    variables, output, after = linen_side(source, call)
    construction = made(source, sizes(source, call))
    assert construction.problems == ()
    assert without in construction.code
    layer, twin = nnx_side(source, call, construction.code.replace(without, ""), variables)
    names = {f"{v.collection}/{v.linen}": v.nnx for v in LAYERS[split(source)[0]].variables}
    new = {"/".join(path): v[...] for path, v in nnx.to_flat_state(nnx.state(layer, nnx.Any(nnx.Param, nnx.BatchStat)))}
    old = {names[path]: value for path, value in flatten_dict(after, sep="/").items()}
    return (output, old), (twin, new)


def assert_same(linen, twin):
    assert jax.tree.structure(linen) == jax.tree.structure(twin)
    for old, new in zip(jax.tree.leaves(linen), jax.tree.leaves(twin)):
        assert old.dtype == new.dtype
        np.testing.assert_array_equal(np.asarray(new, np.float64), np.asarray(old, np.float64))


@pytest.mark.parametrize("source, call", EQUAL)
def test_equal(source, call):
    linen, twin = both(source, call)
    assert_same(linen, twin)


@pytest.mark.parametrize("source, call", ROUNDED)
def test_equal_up_to_rounding(source, call):
    (output, _), (twin, _) = both(source, call)
    assert output.dtype == twin.dtype
    np.testing.assert_allclose(twin, output, rtol=0, atol=1e-6)


# Code that construct adds, and a call that goes wrong without it.
NEEDED = [
    ("norm-dtype", "nn.LayerNorm(dtype=jnp.bfloat16)", "f(x)"),
    ("norm-dtype", "nn.BatchNorm(dtype=jnp.bfloat16)", "f(x, False)"),
    ("norm-dtype", "nn.GroupNorm(4, dtype=jnp.bfloat16)", "f(image)"),
    ("batch-norm-promotion", "nn.BatchNorm(True, param_dtype=jnp.bfloat16)", "f(bf)"),
    ("batch-norm-promotion", "nn.BatchNorm(True, use_bias=False, use_scale=False)", "f(bf)"),
    ("attention-fast-path", "nn.MultiHeadAttention(2, jnp.bfloat16)", "f(x)"),
    ("attention-norm-dtype", "nn.MultiHeadAttention(2, jnp.bfloat16, normalize_qk=True)", "f(x)"),
    (
        "simple-cell-dtype",
        "nn.SimpleCell(3, param_dtype=jnp.bfloat16, recurrent_kernel_init=nn.initializers.normal())",
        "f(h.astype(jnp.bfloat16), bf[:, 0])",
    ),
]


@pytest.mark.parametrize("name, source, call", NEEDED)
def test_needed(name, source, call):
    difference = KNOWN_DIFFERENCES[name]
    assert difference.emitted and split(source)[0] in difference.layers
    linen, twin = both(source, call)
    assert_same(linen, twin)
    linen, twin = both(source, call, without=f", {difference.remedy}")
    with pytest.raises(AssertionError):
        assert_same(linen, twin)


def test_defaults_that_raise_or_lose_something():
    with pytest.raises(Exception, match="decode"):
        nnx.MultiHeadAttention(2, 8, rngs=nnx.Rngs(0))(X)
    assert nnx.Einsum("ab,bc->ac", (8, 4), rngs=nnx.Rngs(0)).bias is None
    with pytest.raises(AttributeError, match="tuple"):
        nnx.Linear(8, 3, promote_dtype=promote, rngs=nnx.Rngs(0))(X)
    with pytest.raises(TypeError, match="out_sharding"):
        nnx.Linear(8, 3, dot_general=lambda a, b, dims, precision=None: a, rngs=nnx.Rngs(0))(X)


@pytest.mark.parametrize(
    "source, code",
    [
        (
            "nn.RNN(nn.LSTMCell(3), reverse=True, keep_order=True)",
            "nn.RNN(nnx.LSTMCell(8, 3, rngs=rngs), reverse=True, keep_order=True)",
        ),
        (
            "nn.RNN(nn.SimpleCell(3), return_carry=True)",
            "nn.RNN(nnx.SimpleCell(8, 3, dtype=None, rngs=rngs), return_carry=True)",
        ),
    ],
)
def test_rnn(source, code):
    variables, output, _ = linen_side(source, "f(x, seq_lengths=jnp.array([3, 5]))")
    construction = made(code)
    assert construction.problems == ()
    layer = eval(construction.code, {**NAMES, "rngs": nnx.Rngs(0)})
    cell = type(layer.cell).__name__
    paths = {v.linen: v.nnx for v in LAYERS[cell].variables}
    for path, value in flatten_dict(variables["params"]["cell"], sep="/").items():
        owner, leaf = paths[path].split("/")
        setattr(getattr(layer.cell, owner), leaf, nnx.Param(value))
    assert_same(output, layer(X, seq_lengths=jnp.array([3, 5])))


def test_sequential():
    code = made("nn.Sequential([nnx.Linear(8, 4, rngs=rngs), nnx.relu])").code
    layer = eval(code, {**NAMES, "rngs": nnx.Rngs(0)})
    np.testing.assert_array_equal(layer(X), jax.nn.relu(layer.layers[0](X)))


def test_cross_attention_needs_its_other_size():
    source, call = "nn.MultiHeadAttention(2, dropout_rate=0.5, deterministic=True)", "f(x, x[..., :6])"
    variables, output, _ = linen_side(source, call)
    code = made(source, {"in_features": "8", "in_kv_features": "6"}).code
    assert_same(output, nnx_side(source, call, code, variables)[1])
    with pytest.raises(AssertionError):
        nnx_side(source, call, made(source, {"in_features": "8"}).code, variables)
