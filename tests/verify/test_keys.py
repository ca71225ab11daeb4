"""Random keys: equal ones on both sides wherever they are drawn, and every way of drawing wrong ones is found."""
import operator

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from flake8_nnx.case import Case
from flake8_nnx.verify.check import check

pytestmark = pytest.mark.jax

WIDTH = 4


def judged(linen, new, **case):
    settings = {"args": (f"f32[2,{WIDTH}]",), "rngs": ("dropout",), **case}
    return check(Case(f"m:{linen.__name__}", build=linen, **settings), {}, new, {})


class Step(nn.Module):
    @nn.compact
    def __call__(self, x, _):
        return nn.Dropout(0.5, deterministic=False)(nn.Dense(WIDTH)(x)), None


class Scanned(nn.Module):
    @nn.compact
    def __call__(self, x):
        rngs = {"params": True, "dropout": True}
        step = nn.scan(Step, variable_axes={"params": 0}, split_rngs=rngs, length=3)
        return step(name="steps")(x, None)[0]


class Mapped(nn.Module):
    @nn.compact
    def __call__(self, x):
        rngs = {"params": True, "dropout": True}
        step = nn.vmap(Step, variable_axes={"params": 0}, split_rngs=rngs, axis_size=3, in_axes=(None, None))
        return step(name="steps")(x, None)[0].sum(0)


class StepNnx(nnx.Module):
    def __init__(self, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(WIDTH, WIDTH, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.dropout(self.dense(x))


class Stacked(nnx.Module):
    def __init__(self, *, rngs: nnx.Rngs):
        self.steps = nnx.split_rngs(splits=3)(nnx.vmap(lambda rngs: StepNnx(rngs=rngs)))(rngs)


class ScannedNnx(Stacked):
    def __call__(self, x):
        return nnx.scan(lambda x, step: step(x), in_axes=(nnx.Carry, 0), out_axes=nnx.Carry)(x, self.steps)


class MappedNnx(Stacked):
    def __call__(self, x):
        return nnx.vmap(lambda x, step: step(x), in_axes=(None, 0))(x, self.steps).sum(0)


class LoopNnx(Stacked):
    """Three steps in Python, with the keys of three streams or with three times the first."""

    streams = (0, 1, 2)

    def __call__(self, x):
        graph, weights, keys = nnx.split(self.steps, nnx.Param, ...)
        for i, stream in enumerate(self.streams):
            parts = [jax.tree.map(operator.itemgetter(at), tree) for at, tree in ((i, weights), (stream, keys))]
            x = nnx.merge(graph, *parts, copy=True)(x)
        return x


class SharedNnx(LoopNnx):
    streams = (0, 0, 0)


@pytest.mark.parametrize("linen, new", [(Scanned, ScannedNnx), (Mapped, MappedNnx)])
def test_keys_are_aligned_inside_lifted_transforms(linen, new):
    verdict = judged(linen, new)
    assert verdict.status == "PROVED", verdict.reason


def test_one_key_for_all_steps_differs():
    verdict = judged(Scanned, SharedNnx)
    assert verdict.status == "DIFFERS" and "3 random keys in 3 draws, NNX from 1" in verdict.reason, verdict.reason


class Noisy(nn.Module):
    @nn.compact
    def __call__(self, x):
        first, second = self.make_rng("dropout"), self.make_rng("dropout")
        x = nn.Dense(WIDTH)(x)
        return x + jax.random.normal(first, x.shape) * jax.random.normal(second, x.shape)


class NoisyNnx(nnx.Module):
    def __init__(self, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(WIDTH, WIDTH, rngs=rngs)
        self.rngs = rngs.dropout.fork()

    def keys(self):
        return self.rngs(), self.rngs()

    def __call__(self, x):
        first, second = self.keys()
        x = self.dense(x)
        return x + jax.random.normal(first, x.shape) * jax.random.normal(second, x.shape)


class Split(NoisyNnx):
    def keys(self):
        return tuple(jax.random.split(self.rngs()))


class Reused(NoisyNnx):
    def keys(self):
        return (self.rngs(),) * 2


class Fixed(NoisyNnx):
    def keys(self):
        return self.rngs(), jax.random.key(0)


class Rewound(NoisyNnx):
    def keys(self):
        first, second = self.rngs(), self.rngs()
        self.rngs.count[...] = 0 * self.rngs.count[...]
        return first, second


@pytest.mark.parametrize("new", [NoisyNnx, Split])
def test_distinct_keys_match_however_they_are_made(new):
    assert judged(Noisy, new).status == "PROVED"


@pytest.mark.parametrize(
    "new, words", [(Reused, "NNX from 1"), (Fixed, "no random stream gives it"), (Rewound, "same random keys again")]
)
def test_wrong_keys_differ(new, words):
    verdict = judged(Noisy, new)
    assert verdict.status == "DIFFERS" and words in verdict.reason, verdict.reason


class Given(nn.Module):
    @nn.compact
    def __call__(self, x, key):
        return nn.Dense(WIDTH)(x) + jax.random.normal(key, x.shape)


def given_nnx(change):
    class Given(nnx.Module):
        def __init__(self, *, rngs: nnx.Rngs):
            self.dense = nnx.Linear(WIDTH, WIDTH, rngs=rngs)

        def __call__(self, x, key):
            return self.dense(x) + jax.random.normal(change(key), x.shape)

    return Given


def test_keys_among_the_inputs_stay_what_they_are():
    case = {"args": (f"f32[2,{WIDTH}]", "key"), "rngs": ()}
    assert judged(Given, given_nnx(lambda key: key), **case).status == "PROVED"
    assert judged(Given, given_nnx(lambda key: jax.random.fold_in(key, 1)), **case).status == "DIFFERS"


def in_branches(x, key):
    return jax.lax.cond(x.sum() > 0, lambda x: x + jax.random.normal(key, x.shape), lambda x: x, x)


def in_a_loop(x, key):
    def body(carry):
        x, key = carry
        return x + jax.random.normal(key, x.shape), jax.random.split(key)[0]

    return jax.lax.while_loop(lambda carry: carry[0].sum() < 9, body, (x, key))[0]


@pytest.mark.parametrize("noise, status, words", [(in_branches, "PROVED", ""), (in_a_loop, "UNVERIFIED", "inside while")])
def test_draws_whose_number_depends_on_values(noise, status, words):
    class Sometimes(nn.Module):
        @nn.compact
        def __call__(self, x):
            return noise(nn.Dense(WIDTH)(x), self.make_rng("dropout"))

    class SometimesNnx(NoisyNnx):
        def __call__(self, x):
            return noise(self.dense(x), self.rngs())

    verdict = judged(Sometimes, SometimesNnx)
    assert verdict.status == status and words in verdict.reason, verdict.reason


class Thinned(nn.Module):
    @nn.compact
    def __call__(self, x):
        y = nn.Dropout(0.1, deterministic=False)(nn.Dense(3)(x))
        return y * 0.1


class ThinnedNnx(nnx.Module):
    """The same but for a rounding, so that nothing is proved, and with another rate."""

    rate = 0.1

    def __init__(self, *, rngs):
        self.dense = nnx.Linear(WIDTH, 3, rngs=rngs)
        self.dropout = nnx.Dropout(self.rate, deterministic=False, rngs=rngs)

    def __call__(self, x):
        return self.dropout(self.dense(x)) / 10


def test_what_is_not_proved_is_run_under_many_keys():
    verdict = judged(Thinned, ThinnedNnx)
    assert verdict.status == "MATCHED" and "under 128 random keys" in verdict.reason, verdict
    assert any("128 random keys" in name for name in verdict.evidence)


@pytest.mark.parametrize("rate", [0.05, 0.09, 0.11])
def test_a_rate_that_gives_the_same_mask_of_six_numbers_differs_under_other_keys(rate):
    # Whatever mask one key gives: the scale of what is kept differs too, so it is taken out here.
    def scaled(self, x):
        return ThinnedNnx.__call__(self, x) * ((1 - rate) / 0.9)

    verdict = judged(Thinned, type("Rate", (ThinnedNnx,), {"rate": rate, "__call__": scaled}))
    assert verdict.status == "DIFFERS" and ("random key" in verdict.reason or "submodule" in verdict.reason), verdict


def test_a_module_without_draws_is_run_under_one():
    class Plain(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dense(3)(x) * 0.1

    class PlainNnx(nnx.Module):
        def __init__(self, *, rngs):
            self.dense = nnx.Linear(WIDTH, 3, rngs=rngs)

        def __call__(self, x):
            return self.dense(x) / 10

    verdict = judged(Plain, PlainNnx, rngs=())
    assert verdict.status == "MATCHED" and "random keys" not in verdict.reason.partition(";")[0]


class DrawnInSetup(nn.Module):
    def setup(self):
        self.frequencies = jax.random.normal(jax.random.key(42), (WIDTH,))

    def __call__(self, x):
        return jnp.sin(x * self.frequencies)


def drawn_before(seed):
    class DrawnInSetup(nnx.Module):
        def __init__(self, *, rngs: nnx.Rngs):
            self.frequencies = jax.random.normal(jax.random.key(seed), (WIDTH,))

        def __call__(self, x):
            return jnp.sin(x * self.frequencies)

    return DrawnInSetup


def test_constants_that_setup_draws_may_be_drawn_by_the_constructor():
    case = {"args": (f"f32[2,{WIDTH}]",), "rngs": ()}
    assert judged(DrawnInSetup, drawn_before(42), **case).good
    assert judged(DrawnInSetup, drawn_before(43), **case).status == "DIFFERS"
