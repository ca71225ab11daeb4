"""Variables of every layer on both sides, abstractly: paths, shapes, types of values and Variable types."""
import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest
from flax import nnx
from flax.traverse_util import flatten_dict
from linen_source import made

from flake8_nnx.catalog.layers import LAYERS

pytestmark = pytest.mark.jax
X = jnp.ones((2, 5, 6))
CELL = (jnp.ones((2, 3)), jnp.ones((2, 6)))
LSTM = ((CELL[0], CELL[0]), CELL[1])
# Constructor call with every variable the layer can have, and the arguments of the call.
FULL = {
    "Dense": ("nn.Dense(3, param_dtype=jnp.bfloat16)", (X,)),
    "DenseGeneral": ("nn.DenseGeneral((3, 4), param_dtype=jnp.float16)", (X,)),
    "Conv": ("nn.Conv(3, (2,), param_dtype=jnp.float16)", (X,)),
    "ConvTranspose": ("nn.ConvTranspose(3, (2,), transpose_kernel=True)", (X,)),
    "Einsum": ("nn.Einsum((7, 6, 3), 'abc,dce->abde')", (X,)),
    "Embed": ("nn.Embed(9, 4, param_dtype=jnp.bfloat16)", (jnp.ones((2, 3), int),)),
    "Dropout": ("nn.Dropout(0.5, deterministic=True)", (X,)),
    "BatchNorm": ("nn.BatchNorm(True, param_dtype=jnp.float16)", (X,)),
    "LayerNorm": ("nn.LayerNorm(param_dtype=jnp.bfloat16)", (X,)),
    "RMSNorm": ("nn.RMSNorm()", (X,)),
    "GroupNorm": ("nn.GroupNorm(2)", (X,)),
    "InstanceNorm": ("nn.InstanceNorm(param_dtype=jnp.float16)", (X,)),
    "MultiHeadAttention": ("nn.MultiHeadAttention(2, normalize_qk=True, decode=True)", (X,)),
    "MultiHeadDotProductAttention": (
        "nn.MultiHeadDotProductAttention(2, qkv_features=8, out_features=3, normalize_qk=True, decode=True)", (X,),
    ),
    "SelfAttention": ("nn.SelfAttention(2, normalize_qk=True, decode=True, param_dtype=jnp.bfloat16)", (X,)),
    "PReLU": ("nn.PReLU(jnp.bfloat16)", (X,)),
    "LSTMCell": ("nn.LSTMCell(3)", LSTM),
    "OptimizedLSTMCell": ("nn.OptimizedLSTMCell(3)", LSTM),
    "SimpleCell": ("nn.SimpleCell(3)", CELL),
}  # fmt: skip
SIZES = {"in_features": "6", "num_features": "6"}
WITHOUT_VARIABLES_OF_THEIR_OWN = {"Dropout", "Sequential", "RNN", "Bidirectional"}


def abstract(linen_source, arguments):
    """Variables of both sides by path, as (shape, dtype) and (shape, dtype, Variable type)."""
    module = eval(linen_source, {"nn": nn, "jnp": jnp})
    keys = {"params": jax.random.key(0), "dropout": jax.random.key(1)}
    tree = jax.eval_shape(module.init, keys, *arguments)

    def build():
        layer = eval(made(linen_source, SIZES).code, {"nnx": nnx, "jnp": jnp, "rngs": nnx.Rngs(0)})
        if getattr(layer, "decode", None):
            layer.init_cache(X.shape, dtype=X.dtype)
        return layer

    flat = nnx.to_flat_state(nnx.state(nnx.eval_shape(build), nnx.Not(nnx.RngState)))
    old = {"/".join(path): (value.shape, value.dtype) for path, value in flatten_dict(tree).items()}
    new = {"/".join(path): (v.shape, v.dtype, type(v).__name__) for path, v in flat}
    return old, new


@pytest.mark.parametrize("name", FULL)
def test_variables(name):
    old, new = abstract(*FULL[name])
    listed = LAYERS[name].variables
    assert {f"{v.collection}/{v.linen}" for v in listed} == set(old)
    assert {v.nnx for v in listed} == set(new)
    for v in listed:
        assert new[v.nnx] == (*old[f"{v.collection}/{v.linen}"], v.type)


def test_a_smaller_configuration_has_fewer_variables():
    old, new = abstract("nn.Dense(3, use_bias=False)", (X,))
    assert set(old) == {"params/kernel"} and set(new) == {"kernel"}
    old, new = abstract("nn.BatchNorm(True, use_scale=False)", (X,))
    assert {path.rpartition("/")[2] for path in old} == set(new) == {"bias", "mean", "var"}


def test_every_layer_with_a_twin_is_covered():
    twins = {name for name, layer in LAYERS.items() if layer.nnx and not layer.refuse}
    assert twins == set(FULL) | WITHOUT_VARIABLES_OF_THEIR_OWN
    assert all(not LAYERS[name].variables for name in WITHOUT_VARIABLES_OF_THEIR_OWN)
