"""Verdicts in this process: equal modules match, each wrong one differs and says where, the rest is left unverified."""
from dataclasses import field, replace
from functools import partial

import flax.linen as nn
import jax.numpy as jnp
import pytest
from blocks import CASE, MAP, Block, nnx_block
from flax import nnx

from flake8_nnx.verify import assert_equivalent, verify
from flake8_nnx.case import Case
from flake8_nnx.verify.check import check
from flake8_nnx.verify.synthesis import synthesise
from flake8_nnx.verify.verdict import Verdict

pytestmark = pytest.mark.jax


def test_equal_modules_match(judge):
    verdict = judge()
    assert verdict.status == "PROVED" and verdict.good
    assert dict(verdict.variable_map) == MAP
    assert set(verdict.evidence) >= {
        f"{mode} {kind} (cpu)" for mode in ("eval", "train") for kind in ("outputs", "state", "gradients")
    }
    figures = verdict.evidence["train gradients (cpu)"]
    assert figures["max_abs"] <= figures["bound"] and figures["bound_from"] and figures["arrays"] >= 9
    assert verdict.evidence["variable map"] == "given"


def test_a_map_is_proposed_and_said_so(judge):
    verdict = judge(variable_map=None)
    assert verdict.status == "PROVED" and "proposed" in verdict.evidence["variable map"]


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"bias": False}, ["params/Dense_0/bias", "no counterpart"]),
        ({"extra": True}, ["scale", "no counterpart in Linen"]),
        ({"epsilon": 1e-5}, ["LayerNorm_0", "layer_norm"]),
        ({"momentum": 0.99}, ["train state", "BatchNorm_0"]),
        ({"rate": 0.4}, ["train outputs"]),
        ({"relu": False}, ["eval outputs"]),
        ({"swapped": True}, ["eval outputs"]),
        ({"stats": False}, ["train"]),
        ({"scaled": True}, ["eval outputs"]),
        ({"stale_kernel": True}, ["eval state", "Dense_1/kernel"]),
        ({"same_key": True}, ["hold the same key"]),
        ({"one_stream": True}, ["random keys"]),
        ({"dtype": jnp.bfloat16}, ["eval outputs"]),
        ({"out_dtype": jnp.float16}, ["float16"]),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_wrong_modules_differ(judge, wrong, words):
    verdict = judge(variable_map=None if wrong in ({"bias": False}, {"extra": True}) else MAP, **wrong)
    assert verdict.status == "DIFFERS", verdict
    assert all(word in verdict.reason for word in words), verdict.reason


def test_swapped_entries_of_the_map_differ(judge):
    swapped = {**MAP, "params/Dense_0/kernel": "dense_1/kernel", "params/Dense_1/kernel": "dense_0/kernel"}
    assert judge(variable_map=swapped).status == "DIFFERS"


@pytest.mark.parametrize(
    "changed, words",
    [
        ({**MAP, "params/Dense_0/kernel": "dense_1/kernel"}, "twice"),
        ({**MAP, "params/Nope_0/kernel": "dense_0/kernel"}, "does not have"),
        ({**MAP, "params/Dense_0/kernel": "nope/kernel"}, "does not have"),
    ],
)
def test_a_map_that_is_no_bijection_verifies_nothing(judge, changed, words):
    verdict = judge(variable_map=changed)
    assert verdict.status == "UNVERIFIED" and words in verdict.reason


@pytest.mark.parametrize(
    "case, words",
    [
        (replace(CASE, args=("f32[3,5",)), "f32[3,5"),
        (replace(CASE, args=("f33[3]",)), "unknown dtype"),
        (replace(CASE, args=()), "does not initialise"),
        (replace(CASE, build=None, init="Nope(3)"), "cannot be built"),
        (replace(CASE, build=lambda: 3), "no flax.linen.Module"),
        (replace(CASE, rngs=()), "dropout"),
        (replace(CASE, new_init="Block(3)"), "cannot be constructed"),
    ],
)
def test_bad_cases_verify_nothing(case, words):
    verdict = check(case, {}, nnx_block(), {"Block": nnx_block()}, MAP)
    assert verdict.status == "UNVERIFIED" and words in verdict.reason, verdict


def test_a_missing_size_is_named():
    class Wider(nnx.Module):
        def __init__(self, width: int, *, rngs: nnx.Rngs):
            self.dense = nnx.Linear(width, 3, rngs=rngs)

    class Plain(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dense(3)(x)

    verdict = check(Case("p:Plain", build=Plain, args=("f32[2,4]",)), {}, Wider, {})
    assert verdict.status == "UNVERIFIED" and "`width`" in verdict.reason and "new_init" in verdict.reason


def test_outputs_that_depend_on_nothing_verify_nothing():
    class Zero(nn.Module):
        @nn.compact
        def __call__(self, x):
            return 0 * nn.Dense(3)(x)

    class ZeroNnx(nnx.Module):
        def __init__(self, in_features: int, *, rngs: nnx.Rngs):
            self.dense_0 = nnx.Linear(in_features, 3, rngs=rngs)

        def __call__(self, x):
            return 0 * self.dense_0(x)

    verdict = check(Case("z:Zero", build=Zero, args=("f32[2,4]",)), {}, ZeroNnx, {})
    assert verdict.status == "UNVERIFIED" and "depend" in verdict.reason


def test_methods_other_than_call():
    class Auto(nn.Module):
        def setup(self):
            self.encoder = nn.Dense(3)
            self.decoder = nn.Dense(5)

        def encode(self, x):
            return nn.tanh(self.encoder(x))

        def __call__(self, x):
            return self.decoder(self.encode(x))

    def auto(function):
        class Auto(nnx.Module):
            def __init__(self, in_features: int, *, rngs: nnx.Rngs):
                self.encoder = nnx.Linear(in_features, 3, rngs=rngs)
                self.decoder = nnx.Linear(3, 5, rngs=rngs)

            def encode(self, x):
                return function(self.encoder(x))

            def __call__(self, x):
                return self.decoder(self.encode(x))

        return Auto

    case = Case("a:Auto", build=Auto, args=("f32[2,5]",), method="encode")
    assert check(case, {}, auto(nnx.tanh), {}).status == "PROVED"
    assert check(case, {}, auto(nnx.sigmoid), {}).status == "DIFFERS"


def test_classes_can_be_given_themselves():
    assert verify(Block, nnx_block(), CASE, MAP).status == "PROVED"
    with pytest.raises(AssertionError, match="DIFFERS: .*\ntrain state"):
        assert_equivalent(Block, nnx_block(momentum=0.99), CASE, MAP)
    with pytest.raises(ValueError, match="both"):
        verify("block.py::Block", nnx_block(), CASE)


def test_a_verdict_survives_json():
    verdict = Verdict("DIFFERS", "x", {"a": 1}, {"p": "q"})
    assert Verdict.from_json(verdict.to_json()) == verdict
    with pytest.raises(ValueError):
        Verdict("FINE", "")


def test_fields_that_hold_linen_modules_are_not_given_to_nnx():
    """Classes and partials of them have their NNX twins where all that is bound has one; a default is left to each side."""
    class Normed(nn.Module):
        norm: object = nn.BatchNorm

        @nn.compact
        def __call__(self, x):
            return self.norm(use_running_average=True)(x)

    class NormedNnx(nnx.Module):
        def __init__(self, in_features, norm=nnx.BatchNorm, *, rngs):
            self.norm = norm(in_features, use_running_average=True, rngs=rngs)

        def __call__(self, x):
            return self.norm(x)

    class Deaf(NormedNnx):
        def __init__(self, in_features, norm=nnx.BatchNorm, *, rngs):
            super().__init__(in_features, rngs=rngs)

    case = Case("m.py:Normed", build=lambda: Normed(partial(nn.BatchNorm, epsilon=0.5)), args=("f32[2,3]",))
    assert check(case, {}, NormedNnx, {}).good
    assert check(case, {}, Deaf, {}).status == "DIFFERS"
    bound = replace(case, build=lambda: Normed(partial(nn.BatchNorm, force_float32_reductions=False)))
    verdict = check(bound, {}, NormedNnx, {})
    assert verdict.status == "UNVERIFIED" and "`norm` holds the Linen module BatchNorm" in verdict.reason
    assert "--new-init" in verdict.reason
    assert check(replace(case, build=Normed), {}, NormedNnx, {}).good
    assert check(replace(bound, new_init="NormedNnx(3, rngs=rngs)"), {}, NormedNnx, {"NormedNnx": NormedNnx}).good


def test_fields_that_hold_layers_are_given_their_twins():
    """A layer whose sizes are among its fields, or told by its variables, is made in NNX too; others are not."""
    class Tokens(nn.Module):
        embed: nn.Module

        def __call__(self, tokens):
            return self.embed(tokens)

    class TokensNnx(nnx.Module):
        def __init__(self, embed, *, rngs):
            self.embed = embed

        def __call__(self, tokens):
            return self.embed(tokens)

    slots = {"slots": []}
    case = Case("m.py:Tokens", build=lambda: Tokens(nn.Embed(7, 3, param_dtype=jnp.bfloat16)), args=("i32[2,5]<7",))
    assert check(case, {}, TokensNnx, {}, slots).good
    dense = replace(case, build=lambda: Tokens(nn.Dense(3, use_bias=False)), args=("f32[2,5]",))
    assert check(dense, {}, TokensNnx, {}, slots).good
    norm = replace(case, build=lambda: Tokens(nn.LayerNorm()), args=("f32[2,5]",))
    verdict = check(norm, {}, TokensNnx, {}, slots)
    assert verdict.status == "UNVERIFIED" and "`embed` holds the Linen module LayerNorm" in verdict.reason


class Coefficient(nn.Module):
    """A constant with a weight that is not used, as for an optimiser that is given one or the other."""

    initial: float = 1.0

    @nn.compact
    def __call__(self):
        self.param("unused", lambda key: jnp.full((), self.initial))
        return self.initial


class Relu(nn.Module):
    """Not positive for all weights, so that a constant may look the same."""

    @nn.compact
    def __call__(self):
        return jnp.maximum(self.param("unused", lambda key: -jnp.ones(())), 100.0)


def test_constants_that_take_nothing_are_proved_or_nothing_is_shown():
    class CoefficientNnx(nnx.Module):
        def __init__(self, initial: float = 1.0):
            self.unused = nnx.Param(jnp.full((), initial))
            self.initial = initial

        def __call__(self):
            return self.initial

    class WrittenDown(CoefficientNnx):
        def __call__(self):
            return 1.0

    class Large(nnx.Module):
        def __init__(self):
            self.unused = nnx.Param(-jnp.ones(()))

        def __call__(self):
            return jnp.float32(100.0)

    (case,) = synthesise(globals(), "Coefficient")
    assert case.init == "Coefficient(initial=0.75)"
    assert check(case, globals(), CoefficientNnx, {}).status == "PROVED"
    assert check(case, globals(), WrittenDown, {}).status == "DIFFERS"
    (case,) = synthesise(globals(), "Relu")
    verdict = check(case, globals(), Large, {})
    assert verdict.status == "UNVERIFIED" and "equality says nothing" in verdict.reason


def test_sizes_and_flags_of_arguments_that_are_left_out():
    """The size of an argument that a call leaves out is none; what must have one says so."""
    class Cross(nn.Module):
        @nn.compact
        def __call__(self, x, memory=None):
            y = nn.Dense(3, name="own")(x)
            return y if memory is None else y + nn.Dense(3, name="other")(memory)

    class CrossNnx(nnx.Module):
        def __init__(self, in_features, memory_features, *, has_memory=False, rngs):
            self.own = nnx.Linear(in_features, 3, rngs=rngs)
            self.other = nnx.Linear(memory_features, 3, rngs=rngs) if has_memory else None

        def __call__(self, x, memory=None):
            y = self.own(x)
            return y if memory is None else y + self.other(memory)

    class Needs(CrossNnx):
        def __init__(self, in_features, memory_features, *, rngs):
            super().__init__(in_features, memory_features, has_memory=True, rngs=rngs)

    alone = Case("m.py:Cross", build=Cross, args=("f32[2,4]",))
    both = replace(alone, args=("f32[2,4]", "f32[2,5]"))
    assert check(alone, {}, CrossNnx, {}).good and check(both, {}, CrossNnx, {}).good
    verdict = check(alone, {}, Needs, {})
    assert verdict.status == "UNVERIFIED" and "cannot tell the parameter `memory_features`" in verdict.reason


@pytest.mark.parametrize(
    "features, scale, words", [(4, 2.0, ""), (5, 2.0, "`features` is 4 in Linen and 5"), (4, 1.0, "`scale`")]
)
def test_defaults_are_compared(features, scale, words):
    class Scaled(nn.Module):
        features: int = 4

        @nn.compact
        def __call__(self, x, scale=2.0):
            return nn.Dense(self.features)(x) * scale

    class ScaledNnx(nnx.Module):
        def __init__(self, in_features, features=features, *, rngs):
            self.dense = nnx.Linear(in_features, features, rngs=rngs)

        def __call__(self, x, scale=scale):
            return self.dense(x) * scale

    verdict = check(Case("m.py:Scaled", build=Scaled, args=("f32[2,3]", 2.0)), {}, ScaledNnx, {})
    assert verdict.status == ("DIFFERS" if words else "PROVED") and words in verdict.reason, verdict


@pytest.mark.parametrize(
    "init, act, sizes, words",
    [
        (nnx.initializers.normal(0.1), nnx.relu, (3, 4), ""),
        (nnx.initializers.normal(0.2), nnx.relu, (3, 4), "initial value of params/Dense_0/kernel"),
        (nnx.initializers.normal(0.1), nnx.gelu, (3, 4), "the output differs"),
        (nnx.initializers.normal(0.1), nnx.relu, (3, 5), "params/Dense_1"),
    ],
)
def test_defaults_that_are_no_plain_values_are_left_to_each_side(init, act, sizes, words):
    class Net(nn.Module):
        kernel_init: object = nn.initializers.normal(0.1)
        act: object = nn.relu
        sizes: list = field(default_factory=lambda: [3, 4])

        @nn.compact
        def __call__(self, x):
            for size in self.sizes:
                x = self.act(nn.Dense(size, kernel_init=self.kernel_init)(x))
            return x

    class NetNnx(nnx.Module):
        def __init__(self, in_features, kernel_init=init, act=act, sizes=None, *, rngs):
            sizes = list(default) if sizes is None else sizes
            self.act = act
            self.dense = nnx.List([])
            for size in sizes:
                self.dense.append(nnx.Linear(in_features, size, kernel_init=kernel_init, rngs=rngs))
                in_features = size

        def __call__(self, x):
            for dense in self.dense:
                x = self.act(dense(x))
            return x

    default = sizes
    case = Case("m.py:Net", build=Net, args=("f32[2,3]",))
    verdict = check(case, {}, NetNnx, {})
    assert verdict.status == ("DIFFERS" if words else "PROVED") and words in verdict.reason, verdict
    given = replace(case, build=lambda: Net(nn.initializers.normal(0.1), nn.tanh, [2]))  # this, both sides get
    assert check(given, {}, NetNnx, {}).status == "PROVED"


class Tabled(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x) * jnp.arange(3000.0)[:3]


def test_plain_arrays_of_a_model_are_its_constants():
    class TabledNnx(nnx.Module):
        shift = 0.0

        def __init__(self, in_features, *, rngs):
            self.table = jnp.arange(3000.0) + self.shift
            self.parts = nnx.List([jnp.arange(2)])
            self.dense = nnx.Linear(in_features, 3, rngs=rngs)

        def __call__(self, x):
            return self.dense(x) * self.table[:3]

    class Shifted(TabledNnx):
        shift = 1.0

    case = Case("m.py:Tabled", build=Tabled, args=("f32[2,4]",))
    assert check(case, {}, TabledNnx, {}).good
    assert check(case, {}, Shifted, {}).status == "DIFFERS"


def test_parameters_that_are_whole_numbers():
    """They are given numbers that differ from one another, and are not trained on either side."""
    class Quantised(nn.Module):
        @nn.compact
        def __call__(self, x):
            kernel = self.param("kernel", nn.initializers.ones, (x.shape[-1], 3), jnp.int8)
            return x @ kernel.astype(x.dtype) * self.param("scale", nn.initializers.ones, (3,))

    class QuantisedNnx(nnx.Module):
        order = slice(None)

        def __init__(self, in_features, *, rngs):
            self.kernel = nnx.Param(nnx.initializers.ones(rngs.params(), (in_features, 3), jnp.int8))
            self.scale = nnx.Param(nnx.initializers.ones(rngs.params(), (3,)))

        def __call__(self, x):
            return x @ self.kernel[...].astype(x.dtype)[:, self.order] * self.scale[...]

    class Reversed(QuantisedNnx):
        order = slice(None, None, -1)

    names = {"params/kernel": "kernel", "params/scale": "scale"}
    case = Case("m.py:Quantised", build=Quantised, args=("f32[2,5]",))
    assert check(case, {}, QuantisedNnx, {}, names).status == "MATCHED"
    assert check(case, {}, Reversed, {}, names).status == "DIFFERS"
