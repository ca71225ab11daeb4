"""What is compared besides outputs: sown values, decode caches, sharding metadata, inputs of any size."""
import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from flake8_nnx.case import Case
from flake8_nnx.verify.check import check

pytestmark = pytest.mark.jax

INIT = nn.initializers.lecun_normal()


class Sowing(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = nn.Dense(4)(x)
        self.sow("intermediates", "hidden", x)
        self.sow("losses", "l2", (x**2).sum())
        return x * 2


class Loss(nnx.Variable):
    pass


def sowing_nnx(factor=1, loss=True, extra=False):
    class Sowing(nnx.Module):
        def __init__(self, in_features, *, rngs):
            self.dense = nnx.Linear(in_features, 4, rngs=rngs)

        def __call__(self, x):
            x = self.dense(x)
            self.sow(nnx.Intermediate, "hidden", x if factor == 1 else x * factor)
            if loss:
                self.sow(Loss, "l2", (x**2).sum())
            if extra:
                self.sow(nnx.Intermediate, "more", x)
            return x * 2

    return Sowing


def verdict_of(old, new, *args, **fields):
    return check(Case(f"m.py:{old.__name__}", build=old, args=args, **fields), {}, new, {})


@pytest.mark.filterwarnings("ignore:Using 'Module.sow:DeprecationWarning")
@pytest.mark.parametrize(
    "change, status, words",
    [
        ({}, "PROVED", "eval outputs"),
        ({"factor": 2}, "DIFFERS", "intermediates/hidden/0"),
        ({"loss": False}, "DIFFERS", "losses/l2/0"),
        ({"extra": True}, "DIFFERS", "a new variable more"),
    ],
)
def test_sown_values(change, status, words):
    verdict = verdict_of(Sowing, sowing_nnx(**change), "f32[2,3]")
    assert verdict.status == status and words in verdict.reason, verdict


class Decoding(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.SelfAttention(2, decode=True, qkv_features=6, dropout_rate=0.1, deterministic=True)(x)


def decoding_nnx(moves=True):
    class Decoding(nnx.Module):
        def __init__(self, in_features, *, rngs):
            self.attention = nnx.MultiHeadAttention(
                2, in_features, 6, decode=True, dropout_rate=0.1, deterministic=True, rngs=rngs
            )

        def __call__(self, x):
            before = self.attention.cache_index[...]
            x = self.attention(x)
            if not moves:
                self.attention.cache_index[...] = before
            return x

    return Decoding


@pytest.mark.parametrize("moves, status", [(True, "PROVED"), (False, "DIFFERS")])
def test_decode_caches(moves, status):
    verdict = verdict_of(Decoding, decoding_nnx(moves), "f32[b,1,6]", init_args=("f32[b,5,6]",))
    assert verdict.status == status, verdict
    assert ("for every b" if moves else "cache_index") in verdict.reason


@pytest.mark.parametrize("step, status", [("old + 1", "PROVED"), ("old * 0 + 1", "DIFFERS"), ("old + 2", "DIFFERS")])
def test_counters_do_not_start_at_zero_alone(step, status):
    class Counting(nn.Module):
        @nn.compact
        def __call__(self, x):
            count = self.variable("cache", "count", lambda: jnp.zeros((), jnp.int32))
            count.value = count.value + (not self.is_initializing())
            return nn.Dense(2)(x)

    class CountingNnx(nnx.Module):
        def __init__(self, in_features, *, rngs):
            self.count = nnx.Cache(jnp.zeros((), jnp.int32))
            self.dense = nnx.Linear(in_features, 2, rngs=rngs)

        def __call__(self, x):
            self.count[...] = eval(step, {"old": self.count[...]})
            return self.dense(x)

    verdict = verdict_of(Counting, CountingNnx, "f32[2,3]", mutable=("cache",))
    assert verdict.status == status, verdict
    assert status == "PROVED" or "cache/count" in verdict.reason


def named(old_names, new_names):
    class Named(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dense(4, kernel_init=nn.with_partitioning(INIT, old_names) if old_names else INIT)(x)

    class NamedNnx(nnx.Module):
        def __init__(self, in_features, *, rngs):
            init = nnx.with_partitioning(INIT, new_names) if new_names else INIT
            self.dense = nnx.Linear(in_features, 4, kernel_init=init, rngs=rngs)

        def __call__(self, x):
            return self.dense(x)

    return verdict_of(Named, NamedNnx, "f32[2,3]")


def test_sharding_metadata():
    assert named(("data", "model"), ("data", "model")).status == "PROVED"
    assert named(("data", None), ("data",)).status == "PROVED"
    for names in (("model", "data"), None):
        verdict = named(("data", "model"), names)
        assert verdict.status == "DIFFERS" and "the axes of params/Dense_0/kernel" in verdict.reason


class Tokens(nn.Module):
    vocab: int = 11

    @nn.compact
    def __call__(self, ids, gate):
        return nn.Embed(self.vocab, 4)(ids) * gate[:, None, None]


class TokensNnx(nnx.Module):
    def __init__(self, vocab, *, rngs):
        self.embed = nnx.Embed(vocab, 4, rngs=rngs)

    def __call__(self, ids, gate):
        return self.embed(ids) * gate[:, None, None]


def test_named_axes_are_those_of_the_proof():
    verdict = verdict_of(Tokens, TokensNnx, "i32[b,t]<vocab", "f32[b]")
    assert verdict.status == "PROVED" and "for every b, t" in verdict.reason, verdict
    proofs = verdict_of(Tokens, TokensNnx, "i32[2,3]<11", "f32[2]").evidence["proof"]
    assert proofs["eval outputs, state and gradients"]["symbolic"] == ["b"]


def test_a_bound_that_no_field_has():
    verdict = verdict_of(Tokens, TokensNnx, "i32[b,t]<words", "f32[b]")
    assert verdict.status == "UNVERIFIED" and "<words is no integer field" in verdict.reason


def drawing_nnx(shift):
    class Drawing(nnx.Module):
        def __init__(self, in_features, *, rngs):
            self.dense = nnx.Linear(in_features, 5, rngs=rngs)

        def __call__(self, x, key):
            return jax.random.categorical(key, self.dense(x)) + shift

    return Drawing


class Drawing(nn.Module):
    @nn.compact
    def __call__(self, x, key):
        return jax.random.categorical(key, nn.Dense(5)(x))


def test_outputs_without_a_gradient_that_a_key_decides():
    assert verdict_of(Drawing, drawing_nnx(0), "f32[4,3]", "key").good
    assert verdict_of(Drawing, drawing_nnx(1), "f32[4,3]", "key").status == "DIFFERS"
