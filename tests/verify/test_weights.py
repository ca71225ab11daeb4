"""Linen variables in an NNX model: all of them in their places, or an error and nothing changed."""
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from flake8_nnx.verify import linen_variables, load_linen_variables

pytestmark = pytest.mark.jax

MAP = {
    "params/Dense_0/kernel": "dense/kernel",
    "params/Dense_0/bias": "dense/bias",
    "params/BatchNorm_0/scale": "norm/scale",
    "params/BatchNorm_0/bias": "norm/bias",
    "batch_stats/BatchNorm_0/mean": "norm/mean",
    "batch_stats/BatchNorm_0/var": "norm/var",
}


class Net(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.BatchNorm(use_running_average=True)(nn.Dense(3)(x))


class NetNnx(nnx.Module):
    def __init__(self, features: int = 3, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(4, features, rngs=rngs)
        self.norm = nnx.BatchNorm(features, use_running_average=True, rngs=rngs)

    def __call__(self, x):
        return self.norm(self.dense(x))


@pytest.fixture(scope="module")
def variables():
    return Net().init(jax.random.key(0), jnp.zeros((1, 4)))


def test_loaded_models_agree(variables):
    model = NetNnx(rngs=nnx.Rngs(1))
    load_linen_variables(model, variables, MAP)
    x = jax.random.normal(jax.random.key(2), (5, 4))
    np.testing.assert_array_equal(model(x), Net().apply(variables, x))


@pytest.mark.parametrize(
    "changes, features, words",
    [
        ({"params/Dense_0/bias": None}, 3, "params/Dense_0/bias .* has no counterpart"),
        ({"params/Dense_0/bias": "norm/bias"}, 3, "twice"),
        ({"params/Nope_0/bias": "dense/bias"}, 3, "does not have"),
        (
            {"params/Dense_0/bias": "norm/mean", "batch_stats/BatchNorm_0/mean": "dense/bias"},
            3,
            "nnx.Param in NNX .*not an nnx.BatchStat",
        ),
        ({}, 5, r"float32\[3\] in Linen and float32\[5\] in NNX"),
    ],
)
def test_what_does_not_fit_changes_nothing(variables, changes, features, words):
    model = NetNnx(features, rngs=nnx.Rngs(1))
    before = [np.asarray(leaf) for leaf in jax.tree.leaves(nnx.state(model))]
    with pytest.raises(ValueError, match=words):
        load_linen_variables(model, variables, {old: new for old, new in {**MAP, **changes}.items() if new})
    for old, leaf in zip(before, jax.tree.leaves(nnx.state(model))):
        np.testing.assert_array_equal(old, leaf)


def test_back_to_linen(variables):
    model = NetNnx(rngs=nnx.Rngs(1))
    back = linen_variables(model, jax.eval_shape(Net().init, jax.random.key(0), jnp.zeros((1, 4))), MAP)
    assert jax.tree.structure(back) == jax.tree.structure(dict(variables))
    x = jax.random.normal(jax.random.key(2), (5, 4))
    np.testing.assert_array_equal(model(x), Net().apply(back, x))


@pytest.mark.parametrize("name", ["params/Dense_0/bias", "batch_stats/BatchNorm_0/var"])
def test_no_way_back_without_a_counterpart(variables, name):
    with pytest.raises(ValueError, match=f"{name} .* has no counterpart"):
        linen_variables(NetNnx(rngs=nnx.Rngs(1)), variables, {old: new for old, new in MAP.items() if old != name})
