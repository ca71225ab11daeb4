"""What NNX layers tell of how they were made is what Linen layers tell, for other values than the defaults too."""
import flax.linen as nn
import jax.numpy as jnp
import pytest
from flax import nnx

from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.catalog.settings import AS_TUPLES, EQUATION, SETTINGS, told

pytestmark = pytest.mark.jax
LIKE = {"dtype": jnp.bfloat16, "param_dtype": jnp.float16, "precision": "high"}
PAIRS = {
    "Dense": [
        (nn.Dense(3), lambda rngs: nnx.Linear(5, 3, rngs=rngs)),
        (nn.Dense(3, use_bias=False, **LIKE), lambda rngs: nnx.Linear(5, 3, use_bias=False, **LIKE, rngs=rngs)),
    ],
    "DenseGeneral": [
        (nn.DenseGeneral((3, 4)), lambda rngs: nnx.LinearGeneral(5, (3, 4), rngs=rngs)),
        (
            nn.DenseGeneral(3, axis=(-2, -1), batch_dims=(0,)),
            lambda rngs: nnx.LinearGeneral((4, 5), 3, axis=(-2, -1), batch_axis={0: 2}, rngs=rngs),
        ),
        (nn.DenseGeneral(3, use_bias=False, **LIKE), lambda rngs: nnx.LinearGeneral(5, 3, use_bias=False, **LIKE, rngs=rngs)),
    ],
    "Conv": [
        (nn.Conv(3, (2,)), lambda rngs: nnx.Conv(5, 3, (2,), rngs=rngs)),
        (nn.Conv(3, 2, use_bias=False, **LIKE), lambda rngs: nnx.Conv(5, 3, 2, use_bias=False, **LIKE, rngs=rngs)),
    ],
    "Einsum": [
        (nn.Einsum((5, 3), "ab,bc->ac"), lambda rngs: nnx.Einsum("ab,bc->ac", (5, 3), (3,), rngs=rngs)),
        (nn.Einsum((5, 3), "ab,bc->ac", **LIKE), lambda rngs: nnx.Einsum("ab,bc->ac", (5, 3), (3,), **LIKE, rngs=rngs)),
    ],
    "Embed": [(nn.Embed(7, 3), lambda rngs: nnx.Embed(7, 3, rngs=rngs))],
}


def tell(name, setting, layer):
    return eval(told(name, setting, "layer"), {"layer": layer})


def pairs(name):
    assert {pair.__class__.__name__ for pair, _ in PAIRS[name]} == {name}
    for old, made in PAIRS[name]:
        new = made(nnx.Rngs(0))
        assert type(new).__name__ == LAYERS[name].nnx
        yield old, new


@pytest.mark.parametrize("name", SETTINGS)
def test_settings(name):
    for old, new in pairs(name):
        assert {s: tell(name, s, new) for s in SETTINGS[name]} == {s: getattr(old, s) for s in SETTINGS[name]}


@pytest.mark.parametrize("name", AS_TUPLES)
def test_settings_that_become_tuples(name):
    for old, new in pairs(name):
        made = {setting: nn.linear._canonicalize_tuple(getattr(old, setting)) for setting in AS_TUPLES[name]}
        assert {setting: tell(name, setting, new) for setting in AS_TUPLES[name]} == made


def test_equations_lose_their_spaces():
    assert EQUATION.keys() == {"Einsum"}
    layer = nnx.Einsum("ab, bc -> ac", (5, 3), rngs=nnx.Rngs(0))
    assert tell("Einsum", "einsum_str", layer) == "ab,bc->ac"
    assert layer(jnp.ones((2, 5)), "ab,bc->ca").shape == (3, 2)  # that of the call goes first


def test_initializers_and_names_are_not_told():
    assert [told(name, setting, "x") for name in SETTINGS for setting in ("kernel_init", "bias_init", "name")] == [None] * 15
    assert not hasattr(nnx.Linear(2, 3, rngs=nnx.Rngs(0)), "kernel_init")
