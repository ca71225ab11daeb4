"""Bounds: rounding in another order passes, anything larger does not, and runs that show nothing are not counted."""
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from flake8_nnx.case import Case
from flake8_nnx.verify.check import check
from flake8_nnx.verify.measure import Figures, equal_bits, measure
from flake8_nnx.verify.reference import Reference

pytestmark = pytest.mark.jax


class Net(nn.Module):
    @nn.compact
    def __call__(self, x, train):
        x = nn.BatchNorm(use_running_average=not train)(nn.Dense(16)(x))
        x = nn.Dropout(0.3, deterministic=not train)(x)
        return nn.Dense(1)(nn.relu(x)).sum()


def net_nnx(scale=1.0):
    class Net(nnx.Module):
        """The same sums in another order, and in training something else if `scale` says so."""

        def __init__(self, in_features: int, *, rngs: nnx.Rngs):
            self.dense_0 = nnx.Linear(in_features, 16, rngs=rngs)
            self.batch_norm_0 = nnx.BatchNorm(16, rngs=rngs)
            self.dropout_0 = nnx.Dropout(0.3, rngs=rngs)
            self.dense_1 = nnx.Linear(16, 1, rngs=rngs)

        def __call__(self, x, train):
            kernel, half = self.dense_0.kernel[...], x.shape[-1] // 2
            x = x[..., :half] @ kernel[:half] + (x[..., half:] @ kernel[half:] + self.dense_0.bias[...])
            x = self.dropout_0(self.batch_norm_0(x, use_running_average=not train), deterministic=not train)
            x = self.dense_1(nnx.relu(x))[::-1].sum()
            return x * scale if train else x

    return Net


CASE = Case(
    "n:Net", build=Net, args=("f32[12,20]",), kwargs={"train": False}, train_kwargs={"train": True}, rngs=("dropout",)
)


def test_another_order_of_sums_matches_within_its_bounds():
    verdict = check(CASE, {}, net_nnx(), {})
    assert verdict.status == "MATCHED" and "rounding bounds" in verdict.reason, verdict.reason
    figures = verdict.evidence["train outputs (cpu)"]
    assert 0 < figures["of_bound"] <= 1 and "float64" in figures["bound_from"]
    assert figures["bound"] < 1e-4 * abs(figures["max_abs"] / figures["max_rel"])


def test_a_slightly_wrong_training_mode_differs():
    """Dropout draws other masks in float64: a bound that comes from those would hide this."""
    verdict = check(CASE, {}, net_nnx(1 + 1e-4), {})
    assert verdict.status == "DIFFERS" and verdict.reason.startswith("train"), verdict.reason


def linear(function):
    class Linear(nn.Module):
        @nn.compact
        def __call__(self, x):
            return function(nn.Dense(3)(x))

    class LinearNnx(nnx.Module):
        def __init__(self, in_features: int, *, rngs: nnx.Rngs):
            self.dense_0 = nnx.Linear(in_features, 3, rngs=rngs)

        def __call__(self, x):
            return function(self.dense_0(x))

    return check(Case("l:Linear", build=Linear, args=("f32[2,4]",)), {}, LinearNnx, {})


def test_outputs_that_are_no_numbers_verify_nothing():
    verdict = linear(lambda x: jnp.sqrt(-1 - x**2))
    assert verdict.status == "UNVERIFIED" and "NaN" in verdict.reason
    assert linear(lambda x: jnp.where(x > 0, jnp.nan, x)).status == "PROVED"


def test_weights_are_scaled_where_no_input_can_be():
    """A norm hides the size of an embedding but for its epsilon, which counts where the numbers are small."""

    class Tokens(nn.Module):
        @nn.compact
        def __call__(self, tokens):
            return nn.LayerNorm()(nn.Embed(7, 6)(tokens))

    def nnx_tokens(factor):
        class Tokens(nnx.Module):
            def __init__(self, *, rngs: nnx.Rngs):
                self.embed_0 = nnx.Embed(7, 6, rngs=rngs)
                self.layer_norm_0 = nnx.LayerNorm(6, rngs=rngs)

            def __call__(self, tokens):
                return self.layer_norm_0(self.embed_0(tokens) * factor)

        return Tokens

    case = Case("t:Tokens", build=Tokens, args=("i32[2,3]<7",))
    assert check(case, {}, nnx_tokens(1), {}).good
    verdict = check(case, {}, nnx_tokens(1.01), {})
    assert verdict.status == "DIFFERS", verdict.reason


def test_a_rounding_to_16_bits_inside_differs():
    class Rounded(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dense(3)(nn.LayerNorm(dtype=jnp.bfloat16)(x).astype(jnp.float32))

    class RoundedNnx(nnx.Module):
        def __init__(self, in_features: int, *, rngs: nnx.Rngs):
            self.layer_norm_0 = nnx.LayerNorm(in_features, dtype=jnp.bfloat16, rngs=rngs)
            self.dense_0 = nnx.Linear(in_features, 3, rngs=rngs)

        def __call__(self, x):
            return self.dense_0(self.layer_norm_0(x).astype(jnp.float32))

    verdict = check(Case("r:Rounded", build=Rounded, args=("f32[4,6]",)), {}, RoundedNnx, {})
    assert verdict.status == "DIFFERS" and "LayerNorm_0 (layer_norm_0): same inputs" in verdict.reason, verdict.reason


def test_a_variable_that_only_one_side_has_is_noticed_in_any_method():
    class Auto(nn.Module):
        def setup(self):
            self.encoder = nn.Dense(3)

        def encode(self, x):
            return self.encoder(x)

    class AutoNnx(nnx.Module):
        def __init__(self, in_features: int, *, rngs: nnx.Rngs):
            self.encoder = nnx.Linear(in_features, 3, rngs=rngs)
            self.extra = nnx.Param(jnp.zeros(3))

        def encode(self, x):
            return self.encoder(x) + self.extra

    case = Case("a:Auto", build=Auto, args=("f32[2,4]",), method="encode")
    assert check(case, {}, AutoNnx, {}).status == "DIFFERS"


# ---- measuring and the float64 run ---------------------------------------------------------------------------------


@pytest.mark.parametrize("old, new", [(1.0, None), (1.0, (1.0,)), ([1.0], (1.0,)), ({"a": 1.0}, {"b": 1.0}), ((), None)])
def test_other_structures_are_differences(old, new):
    problem = measure(Figures(), old, new, [], 1, True)
    assert problem is not None and problem.startswith("Linen returns") and not equal_bits(old, new)


@pytest.mark.parametrize(
    "new, words",
    [
        (np.array([1.0, np.nan, 3.0], np.float32), None),
        (np.array([1.0, 2.0, 3.0], np.float32), "NaN"),
        (np.array([1.0, np.nan, 3.1], np.float32), "differs by up to 0.1"),
        (np.array([1.0, np.nan, 3.0], np.float64), "float64"),
        (np.array([[1.0, np.nan, 3.0]], np.float32), "[1, 3]"),
    ],
)
def test_arrays(new, words):
    old = np.array([1.0, np.nan, 3.0], np.float32)
    problem = measure(Figures(), old, new, [old.astype(np.float64)], 1, True)
    assert problem is None if words is None else words in (problem or "")


def test_bfloat16_is_compared_bit_for_bit():
    old = np.asarray(jnp.array([1.0, 2.0, jnp.nan], jnp.bfloat16))
    assert measure(Figures(), old, old.copy(), [], 1, True) is None
    assert "bit for bit" in (measure(Figures(), old, np.nextafter(old, old + 1), [], 1, True) or "")


@pytest.mark.parametrize(
    "function",
    [
        lambda x: jax.grad(lambda x: (x @ x.T).sum())(x),
        lambda x: jax.lax.scan(lambda c, row: (jnp.tanh(c * row), c.sum()), x[0], x, reverse=True),
        lambda x: jax.lax.while_loop(lambda c: c[0] < 3, lambda c: (c[0] + 1, jnp.sin(c[1])), (0, x)),
        lambda x: jax.lax.cond(x[0, 0] > 9, lambda x: x * 2, lambda x: x / 3, x),
        lambda x: jax.grad(lambda x: (x[jnp.array([0, 2, 2])] ** 2).sum())(x),
        lambda x: jax.checkpoint(jax.nn.gelu)(x).astype(jnp.bfloat16),
        lambda x: x * jax.random.bernoulli(jax.random.key(3), 0.5, x.shape),
        lambda x: nn.avg_pool(x[None, ..., None], (2, 2), (2, 2)),
        lambda x: jnp.linalg.inv(x @ x.T + 9 * jnp.eye(4)),
        lambda x: (jnp.fft.fft(x), jnp.sort(x), jax.lax.top_k(x, 2), jnp.cumsum(x)),
    ],
)
def test_the_float64_run_is_the_same_program(function):
    """Its values are those of the float32 run up to rounding, whatever the operations, and not closer than float32."""
    x = jax.random.normal(jax.random.key(0), (4, 4))
    runs = Reference(jax.make_jaxpr(function)(x)).at(1.0, [x])
    assert runs is not None
    for value, exact in zip(jax.tree.leaves(function(x)), runs[0]):
        assert np.asarray(exact).dtype.itemsize >= value.dtype.itemsize
        np.testing.assert_allclose(
            np.asarray(value, np.complex128), np.asarray(exact, np.complex128), rtol=0, atol=2e-6 * max(1, np.abs(exact).max())
        )


@jax.tree_util.register_pytree_node_class
class Normal:
    """A distribution as libraries have them: made of arrays only, with a setting that is none."""

    def __init__(self, mean, scale):
        if isinstance(mean, jax.ShapeDtypeStruct):
            raise TypeError("not an array")
        self.mean, self.scale = mean, scale

    def tree_flatten(self):
        return (self.mean,), (self.scale, print)

    @classmethod
    def tree_unflatten(cls, held, children):
        return cls(*children, held[0])


class Actor(nn.Module):
    @nn.compact
    def __call__(self, x):
        return Normal(nn.Dense(3)(x), 0.5)


@pytest.mark.parametrize(
    "factor, scale, status, words",
    [(1.0, 0.5, "PROVED", "bit for bit"), (1.01, 0.5, "DIFFERS", "outputs"), (1.0, 0.25, "DIFFERS", "Linen returns")],
)
def test_outputs_of_a_class_that_is_made_of_arrays_only(factor, scale, status, words):
    class ActorNnx(nnx.Module):
        def __init__(self, in_features: int, *, rngs: nnx.Rngs):
            self.dense_0 = nnx.Linear(in_features, 3, rngs=rngs)

        def __call__(self, x):
            return Normal(self.dense_0(x) if factor == 1 else self.dense_0(x) * factor, scale)

    verdict = check(Case("m:Actor", build=Actor, args=("f32[b,4]",)), {}, ActorNnx, {})
    assert verdict.status == status and words in verdict.reason, verdict
