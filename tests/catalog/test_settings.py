"""What NNX layers tell of how they were made is what Linen layers tell, for other values than the defaults too."""
import flax.linen as nn
import jax.numpy as jnp
import pytest
from flax import nnx

from flake8_nnx.catalog.layers import LAYERS
from flake8_nnx.catalog.settings import SETTINGS

pytestmark = pytest.mark.jax
LIKE = {"dtype": jnp.bfloat16, "param_dtype": jnp.float16, "precision": "high"}
PAIRS = {
    "Dense": [
        (nn.Dense(3), lambda rngs: nnx.Linear(5, 3, rngs=rngs)),
        (nn.Dense(3, use_bias=False, **LIKE), lambda rngs: nnx.Linear(5, 3, use_bias=False, **LIKE, rngs=rngs)),
    ],
    "DenseGeneral": [
        (nn.DenseGeneral((3, 4)), lambda rngs: nnx.LinearGeneral(5, (3, 4), rngs=rngs)),
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


@pytest.mark.parametrize("name", SETTINGS)
def test_settings(name):
    assert {pair.__class__.__name__ for pair, _ in PAIRS[name]} == {name}
    for old, made in PAIRS[name]:
        new = made(nnx.Rngs(0))
        assert type(new).__name__ == LAYERS[name].nnx
        told = {setting: getattr(new, attribute) for setting, attribute in SETTINGS[name].items()}
        assert told == {setting: getattr(old, setting) for setting in SETTINGS[name]}
