"""Initial values, given the same random key for each parameter; a wrong initialiser computes the same and is still found."""
import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest
from blocks import CASE, MAP, nnx_block
from flax import nnx

from flake8_nnx.verify import initial
from flake8_nnx.case import Case
from flake8_nnx.verify.check import check

pytestmark = pytest.mark.jax

normal = nn.initializers.normal


class Stack(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = nn.Dense(4, kernel_init=normal(0.1), bias_init=nn.initializers.constant(0.5))(x)
        gain = self.param("gain", lambda key: jnp.ones(()))
        return nn.Dense(4, kernel_init=normal(0.1))(x) * gain


def stack_nnx(deviation=0.1, bias=0.5, gain=1.0, twice=False, fixed=False, reordered=False):
    class Stack(nnx.Module):
        def __init__(self, in_features, *, rngs):
            self.gain = nnx.Param(jnp.full((), gain))
            key = rngs.params() if twice else jax.random.key(3) if fixed else None
            init = [normal(deviation) if key is None else lambda _, *args, **kwargs: normal(0.1)(key, *args, **kwargs)] * 2
            layers = [
                lambda: nnx.Linear(in_features, 4, kernel_init=init[0], bias_init=nn.initializers.constant(bias), rngs=rngs),
                lambda: nnx.Linear(4, 4, kernel_init=init[1], rngs=rngs),
            ]
            if reordered:
                self.dense_1, self.dense_0 = layers[1](), layers[0]()
            else:
                self.dense_0, self.dense_1 = (make() for make in layers)

        def __call__(self, x):
            return self.dense_1(self.dense_0(x)) * self.gain

    return Stack


NAMES = {
    "params/gain": "gain",
    **{f"params/Dense_{i}/{leaf}": f"dense_{i}/{leaf}" for i in (0, 1) for leaf in ("kernel", "bias")},
}


def judged(new):
    return check(Case("m.py:Stack", build=Stack, args=("f32[2,4]",)), {}, new, {}, NAMES)


@pytest.mark.parametrize("change", [{}, {"reordered": True}], ids=["same", "other order"])
def test_equal_initialisers(change):
    verdict = judged(stack_nnx(**change))
    assert verdict.status == "PROVED" and "initial values are equal" in verdict.reason, verdict
    assert verdict.evidence["initial values"] == {"equal": 5, "differs": {}, "not compared": {}}


@pytest.mark.parametrize(
    "change, words",
    [
        ({"deviation": 0.2}, ["Dense_0/kernel", "deviation"]),
        ({"deviation": 0.1 * (1 + 1e-5)}, ["Dense_0/kernel", "deviation"]),
        ({"bias": 0.25}, ["Dense_0/bias", "starts at 0.5 in Linen and at 0.25 in NNX"]),
        ({"gain": 2.0}, ["params/gain", "starts at 1 in Linen and at 2 in NNX"]),
        ({"twice": True}, ["Dense_1/kernel", "same random key as another variable in NNX"]),
        ({"fixed": True}, ["/kernel", "a key that no random stream gives it"]),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_wrong_initialisers(change, words):
    verdict = judged(stack_nnx(**change))
    assert verdict.status == "DIFFERS" and verdict.reason.startswith("the initial value of"), verdict
    assert all(word in verdict.reason for word in words), verdict.reason


def test_what_is_too_large_is_said_to_be_unknown(monkeypatch):
    monkeypatch.setattr(initial, "MOST_NUMBERS", 10)
    verdict = check(CASE, {}, nnx_block(), {}, MAP)
    assert verdict.status == "PROVED" and "initial values were not compared: the model has" in verdict.reason
    assert len(verdict.evidence["initial values"]["not compared"]) == len(MAP)


def test_a_counter_that_init_has_moved():
    class Counting(nn.Module):
        @nn.compact
        def __call__(self, x):
            count = self.variable("counts", "calls", lambda: jnp.zeros((), jnp.int32))
            count.value += 1
            return nn.Dense(3)(x)

    class Calls(nnx.Variable):
        pass

    class CountingNnx(nnx.Module):
        def __init__(self, in_features, *, rngs):
            self.calls = Calls(jnp.zeros((), jnp.int32))
            self.dense = nnx.Linear(in_features, 3, rngs=rngs)

        def __call__(self, x):
            self.calls[...] += 1
            return self.dense(x)

    verdict = check(Case("m.py:Counting", build=Counting, args=("f32[2,4]",)), {}, CountingNnx, {})
    assert verdict.status == "DIFFERS" and "counts/calls differs: it starts at 1 in Linen and at 0 in NNX" in verdict.reason
