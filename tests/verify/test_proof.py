"""What the verdict makes of proofs: their weakest claim, what stood in the way, and nothing where a side cannot be traced."""
import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest
from blocks import CASE, MAP, nnx_block
from flax import nnx

from flake8_nnx.verify import proof
from flake8_nnx.case import Case
from flake8_nnx.verify.check import check
from flake8_nnx.verify.prove import Proof

pytestmark = pytest.mark.jax


def test_the_weakest_proof_is_the_claim():
    exact, rough = Proof(True, "", "bits", symbolic=("b", "t")), Proof(True, "", "reals", symbolic=("b",), conditions=("b != 3",))
    assert proof.claim([exact]) == "the same operations in the same order for every b, t"
    assert proof.claim([exact, rough]) == "equal over the reals, though not bit for bit for every b, if b != 3"
    assert proof.claim([Proof(True, "", "bits")]).endswith("at these sizes only")


def test_evidence_names_axes_and_rules():
    found = check(CASE, {}, nnx_block(), {}, MAP).evidence["proof"]
    assert set(found) == {f"{mode} outputs, state and gradients" for mode in ("eval", "train")}
    assert all(one["proved"] and one["symbolic"] == ["b"] and one["rules"] for one in found.values())


class Doubled(nn.Module):
    @nn.compact
    def __call__(self, x):
        y = nn.Dense(3)(x)
        return y * 2 + jax.lax.stop_gradient(y) - y


def doubled_nnx(stopped=True, shuffled=False):
    class Doubled(nnx.Module):
        def __init__(self, in_features, *, rngs):
            self.dense = nnx.Linear(in_features, 3, rngs=rngs)

        def __call__(self, x):
            y = self.dense(x)
            last = jax.lax.stop_gradient(y) if stopped else y
            return last - y + y * 2 if shuffled else y * 2 + last - y

    return Doubled


def judged(new, axes="f32[2,4]"):
    return check(Case("m.py:Doubled", build=Doubled, args=(axes,)), {}, new, {})


def test_sums_in_another_order_are_not_proved():
    verdict = judged(doubled_nnx(shuffled=True))
    assert verdict.status == "MATCHED", verdict
    tried = verdict.evidence["proof"]["eval outputs and state"]
    assert not tried["proved"] and "test_proof.py" in tried["first_difference"]


def test_equal_outputs_are_not_enough():
    verdict = judged(doubled_nnx(stopped=False))
    assert verdict.status == "DIFFERS" and "gradients" in verdict.reason


def test_a_size_that_code_asks_for_is_looked_into():
    class Branching(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.Dense(3)(x)
            return x * 2 if x.shape[0] == 7 else x

    class BranchingNnx(nnx.Module):
        def __init__(self, in_features, *, rngs):
            self.dense = nnx.Linear(in_features, 3, rngs=rngs)

        def __call__(self, x):
            return self.dense(x)

    verdict = check(Case("m.py:Branching", build=Branching, args=("f32[b,4]",)), {}, BranchingNnx, {})
    assert verdict.status == "MATCHED", verdict  # right at the size that was run, and no proof for every size
    assert "b = 7" in str(verdict.evidence["proof"]) or "is 7" in str(verdict.evidence["proof"])


def test_sides_that_only_run_at_one_size_are_proved_there():
    class Positions(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dense(3)(x) + self.param("table", nn.initializers.normal(0.1), (3, 3))

    class PositionsNnx(nnx.Module):
        def __init__(self, in_features, *, rngs):
            self.dense = nnx.Linear(in_features, 3, rngs=rngs)
            self.table = nnx.Param(nn.initializers.normal(0.1)(rngs.params(), (3, 3), jnp.float32))

        def __call__(self, x):
            return self.dense(x) + self.table[...]

    verdict = check(Case("m.py:Positions", build=Positions, args=("f32[b,t,4]",)), {}, PositionsNnx, {})
    assert verdict.status == "PROVED" and "for every b;" in verdict.reason, verdict
    fixed = check(Case("m.py:Positions", build=Positions, args=("f32[3,4]",)), {}, PositionsNnx, {})
    assert fixed.status == "PROVED" and "at these sizes only" in fixed.reason


class Residual(nn.Module):
    @nn.compact
    def __call__(self, x):
        y = nn.Dense(3)(x)
        return y + x if x.shape[-1] == y.shape[-1] else y


def residual_nnx(axis):
    class Residual(nnx.Module):
        def __init__(self, in_features, *, rngs):
            self.dense = nnx.Linear(in_features, 3, rngs=rngs)

        def __call__(self, x):
            y = self.dense(x)
            return y + x if x.shape[axis] == y.shape[-1] else y

    return Residual


@pytest.mark.parametrize("axis, status", [(-1, "PROVED"), (1, "PROVED"), (0, "DIFFERS")])
def test_code_that_fails_at_another_size_differs(axis, status):
    """Both compute the same for the batch of the case; with three rows the second adds shapes that do not fit."""
    verdict = check(Case("m.py:Residual", build=Residual, args=("f32[b,4]",)), {}, residual_nnx(axis), {})
    assert verdict.status == status, verdict
    if status == "DIFFERS":
        assert "with b = 3" in verdict.reason and "test_proof.py:" in verdict.reason


def test_a_size_that_neither_side_takes_is_no_difference():
    class Old(nn.Module):
        @nn.compact
        def __call__(self, x):
            if x.shape[0] == 3:
                raise ValueError("not three")
            return nn.Dense(3)(x)

    class New(nnx.Module):
        def __init__(self, in_features, *, rngs):
            self.dense = nnx.Linear(in_features, 3, rngs=rngs)

        def __call__(self, x):
            if x.shape[0] == 3:
                raise ValueError("not three")
            return self.dense(x)

    verdict = check(Case("m.py:Old", build=Old, args=("f32[b,4]",)), {}, New, {})
    assert verdict.status == "PROVED", verdict
