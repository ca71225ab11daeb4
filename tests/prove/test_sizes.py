"""Symbolic sizes: proofs hold for every size, decisions on sizes are found, and the ladder goes down where it must."""
import functools

import jax
import jax.numpy as jnp
import pytest
from modules import Pair, nn, nnx, rngs, spec

from flake8_nnx.verify.prove import batch_axes, prove_equal, symbolic

pytestmark = pytest.mark.jax

x = spec((6, 4))


def prove(old, new, inputs=(x,), **options):
    return prove_equal(lambda w, k, i: (old(*i), {}), lambda w, k, i: (new(*i), {}), {}, inputs, **options)


@pytest.mark.parametrize(
    "special",
    [
        lambda x: x * 2 if x.shape[0] == 1 else x,
        lambda x: x * 2 if x.shape[0] != 1 else x,
        lambda x: x * 2 if x.shape[0] == 5 else x,
        lambda x: x * 2 if x.shape == (7, 4) else x,
        lambda x: x * 2 if x.size == 12 else x,
        lambda x: x * 2 if x.shape[0] in (3, 9) else x,
        lambda x: x * 2 if x.shape[0] in {3, 9} else x,
        lambda x: x * {3: 2.0}.get(x.shape[0], 1.0),
        lambda x: x * 2 if 11 == x.shape[0] else x,
        lambda x: x * 2 if x.shape[0] > 8 else x,
        lambda x: jax.jit(lambda y: y * 2 if y.shape[0] == 5 else y)(x),
    ],
)
def test_a_branch_on_the_batch_size_is_never_proved_for_every_size(special):
    for old, new in ((special, lambda x: x), (lambda x: x, special)):
        proof = prove(old, new)
        assert not proof.proved or proof.symbolic == (), proof


def test_a_size_at_which_the_sides_differ_spoils_the_proof_at_all_sizes():
    for size in (1, 2, 5):
        proof = prove(lambda x, size=size: x * 2 if x.shape[0] == size else x, lambda x: x)
        assert not proof.proved and f"with b = {size}" in proof.reason
    proof = prove(lambda x: x * 2 if x.size == 12 else x, lambda x: x)
    assert not proof.proved and "only one side asks whether 4*b is 12" in proof.reason


def test_the_same_branch_on_both_sides_is_proved_for_all_sizes():
    def special(x):
        return x * 2 if x.shape[0] == 5 else x

    proof = prove(special, lambda x: special(x))
    assert proof.proved and proof.symbolic == ("b",) and proof.conditions == ()


def test_branches_that_agree_where_they_are_taken_are_proved_for_all_sizes():
    proof = prove(lambda x: x[:5] * 2 if x.shape[0] == 5 else x * 2, lambda x: x * 2)
    assert proof.proved and proof.symbolic == ("b",) and proof.conditions == ()


def test_what_cannot_be_settled_is_a_condition():
    def special(x, y):
        return x * 2 if x.shape[0] == y.shape[0] else x

    axes = [("b", None), ("t", None)]
    proof = prove(special, lambda x, y: special(x, y), (x, spec((5, 4))), axes=axes)
    assert proof.proved and proof.symbolic == ("b", "t") and proof.conditions == ("b != t",)
    assert "b != t" in proof.reason


@pytest.mark.parametrize(
    "f, symbols",
    [
        (lambda x: x.reshape(x.shape[0], 2, -1).mean(0), ("b",)),
        (lambda x: x.reshape(-1, 1).T.reshape(x.shape), ("b", "t")),
        (lambda x: x * x.shape[0] + x.shape[1], ("b", "t")),
        (lambda x: x + jnp.arange(x.shape[1]), ("b", "t")),
        (lambda x: sum(x[:, k] for k in range(x.shape[1])), ("b",)),
        (lambda x: x[:, :3] if x.shape[1] > 3 else x, ("b",)),
        (lambda x: sum(x[k, 0] for k in range(x.shape[0])), ()),
    ],
)
def test_the_ladder_keeps_as_many_sizes_symbolic_as_it_can(f, symbols):
    proof = prove(f, lambda x: f(x), axes=[("b", "t")], inputs=(spec((6, 8)),))
    assert proof.proved and proof.symbolic == symbols, proof


def test_a_mean_over_the_batch_is_not_a_division_by_its_present_size():
    assert not prove(lambda x: x.sum(0) / x.shape[0], lambda x: x.sum(0) / 6).symbolic
    assert prove(lambda x: x.sum(0) / x.shape[0], lambda x: x.mean(0)).symbolic == ("b",)


def test_too_many_questions_about_sizes_are_not_all_followed():
    def picky(x):
        return x * 2 if x.shape[0] in range(100, 130) or any(x.shape[0] == size for size in range(10, 30)) else x

    proof = prove(picky, lambda x: picky(x))
    assert not proof.proved and "too many" in proof.reason


def test_memoised_helpers_do_not_hide_decisions():
    @functools.lru_cache
    def factor(size):
        return 2.0 if size == 5 else 1.0

    proof = prove(lambda x: x * factor(x.shape[0]), lambda x: x * 1.0)
    assert not proof.proved or not proof.symbolic


def test_weights_may_depend_on_the_sizes_of_the_inputs():
    def weights(inputs):
        return {"cache/key": jax.ShapeDtypeStruct((inputs[0].shape[0], 4), jnp.float32)}

    def side(w, k, inputs):
        return inputs[0] + w["cache/key"], {"cache/key": inputs[0]}

    proof = prove_equal(side, side, weights, (x,))
    assert proof.proved and proof.symbolic == ("b",)
    stale = prove_equal(side, lambda w, k, i: (side(w, k, i)[0], {}), weights, (x,))
    assert not stale.proved and "cache/key" in stale.reason


def test_sides_that_cannot_be_traced_are_not_proved():
    def broken(x):
        raise ValueError("no such thing")

    proof = prove(lambda x: x, broken)
    assert not proof.proved and proof.reason.startswith("the new side cannot be traced: ValueError: no such thing (")
    assert "test_sizes.py:" in proof.reason and not proof.fails  # of symbolic size, which is no difference
    assert not prove(broken, broken).proved


def test_a_module_that_branches_on_the_batch_size():
    class Linen(nn.Module):
        @nn.compact
        def __call__(self, x):
            y = nn.Dense(8)(x)
            return y * 2 if x.shape[0] == 1 else y

    class New(nnx.Module):
        def __init__(self, rngs):
            self.dense = nnx.Linear(4, 8, rngs=rngs)

        def __call__(self, x):
            return self.dense(x)

    pair = Pair(Linen(), lambda: New(rngs()), (x,), {"Dense_0": "dense"})
    assert not pair.prove().proved and not pair.prove(gradients=True).proved


def test_batch_axes_are_the_leading_axes_of_one_length():
    inputs = (spec((3, 5)), {"mask": spec((3,)), "scale": spec((5,)), "rate": spec(())})
    assert batch_axes(inputs) == (("b", None), ("b",), (), (None,))
    assert symbolic.names(batch_axes(inputs)) == ("b",)


def test_axes_must_name_every_array():
    with pytest.raises(ValueError, match="axes names 1 arrays"):
        prove_equal(lambda w, k, i: (i, {}), lambda w, k, i: (i, {}), {}, (x, x), axes=[("b", None)])
