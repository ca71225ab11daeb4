"""The optimiser step, the compiled cost and the known cause: what a person wants to know besides equal outputs."""
import flax.linen as nn
import jax.numpy as jnp
import pytest
from blocks import CASE, MAP, nnx_block
from flax import nnx

from flake8_nnx.case import Case
from flake8_nnx.verify.check import check
from flake8_nnx.verify.cost import compared

pytestmark = pytest.mark.jax


class Normed(nn.Module):
    dtype: object = None

    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(nn.LayerNorm(dtype=self.dtype)(nn.Dense(4)(x)))


def normed_nnx(repeated=False, **options):
    class Normed(nnx.Module):
        def __init__(self, in_features, dtype, *, rngs):
            self.first = nnx.Linear(in_features, 4, rngs=rngs)
            self.norm = nnx.LayerNorm(4, dtype=dtype, rngs=rngs, **options)
            self.last = nnx.Linear(4, 3, rngs=rngs)

        def __call__(self, x):
            y = self.last(self.norm(self.first(x)))
            if repeated:
                y = y + 0 * sum(jnp.sin(x * k).sum() for k in range(50))
            return y

    return Normed


def judged(new, dtype=None):
    return check(Case("m.py:Normed", build=lambda: Normed(dtype), args=("f32[2,5]",)), {}, new, {})


def test_an_optimiser_step_is_among_the_runs():
    verdict = check(CASE, {}, nnx_block(), {}, MAP)
    for mode in ("eval", "train"):
        figures = verdict.evidence[f"{mode} step (cpu)"]
        assert figures["arrays"] == 8 and figures["max_abs"] <= figures["bound"]


def test_costs_are_those_of_xla():
    cost = judged(normed_nnx()).evidence["eval cost (cpu)"]
    assert cost["linen"]["flops"] > 100 and set(cost["ratio"]) == {"flops", "bytes", "peak_bytes"}
    assert set(cost["ratio"].values()) == {1.0} and "note" not in cost


def test_a_slower_migration_is_noted():
    verdict = judged(normed_nnx(repeated=True))
    assert verdict.status == "MATCHED", verdict
    assert "times the floating-point operations" in verdict.evidence["eval cost (cpu)"]["note"]


def test_costs_without_figures_have_no_ratio():
    assert compared({}, {"flops": 3.0}) == {"linen": {}, "nnx": {"flops": 3.0}, "ratio": {}}
    assert "note" not in compared({"flops": 100.0}, {"flops": 104.0})
    assert "1.5 times the bytes of memory of" in compared({"peak_bytes": 2.0}, {"peak_bytes": 3.0})["note"]


def test_a_known_difference_is_named_with_its_remedy():
    verdict = judged(normed_nnx(), jnp.bfloat16)
    assert verdict.status == "DIFFERS" and "submodule LayerNorm_0 (norm)" in verdict.reason
    assert "known difference norm-dtype" in verdict.reason and "promote_dtype=lambda args, dtype: args" in verdict.reason
    assert judged(normed_nnx(promote_dtype=lambda args, dtype: args), jnp.bfloat16).good


def test_what_is_no_known_difference_is_not_called_one():
    verdict = judged(normed_nnx(epsilon=1e-3))
    assert verdict.status == "DIFFERS" and "submodule LayerNorm_0" in verdict.reason and "known" not in verdict.reason
