"""Random keys: two programs agree if their draws can be paired one to one, each from its own key."""
import jax
import jax.numpy as jnp
import pytest
from jax import lax, random
from modules import spec

from flake8_nnx.verify.prove import KEY, prove_equal

pytestmark = pytest.mark.jax

COUNT = spec((), jnp.uint32)
x = spec((3, 4))


def prove(old, new, new_keys=None, state=lambda keys: {}):
    """`old(k, x)` with a stream k, `new(keys, x)` with a stream's key and counter."""
    return prove_equal(
        lambda w, keys, inputs: (old(keys["dropout"], *inputs), {}),
        lambda w, keys, inputs: (new(keys, *inputs), state(keys)),
        {},
        (x,),
        old_keys={"dropout": KEY},
        new_keys=new_keys or {"key": KEY, "count": COUNT},
    )


def mask(key, x):
    return random.bernoulli(key, 0.5, x.shape) * x


def linen(k, n):
    """The n-th key that a Linen module makes: folded with a hash of its path."""
    return random.fold_in(k, jnp.uint32((0x9E3779B9 * (n + 1)) % 2**32))


def nnx(keys, n):
    return random.fold_in(keys["key"], keys["count"] + n)


def two(k, x):
    return mask(linen(k, 0), x) - 2 * mask(linen(k, 1), x)


def chained(key, x):
    for _ in range(400):
        key, own = random.split(key)
    return mask(own, x) + 2 * mask(key, x)


SAME = {
    "two draws": (two, lambda keys, x: mask(nnx(keys, 0), x) - 2 * mask(nnx(keys, 1), x)),
    "drawn in the other order": (two, lambda keys, x: (lambda b, a: a - 2 * b)(mask(nnx(keys, 0), x), mask(nnx(keys, 1), x))),
    "operands in the other order": (
        lambda k, x: mask(linen(k, 0), x) + 2 * mask(linen(k, 1), x),
        lambda keys, x: 2 * mask(nnx(keys, 0), x) + mask(nnx(keys, 1), x)),
    "split": (two, lambda keys, x: (lambda k: mask(k[0], x) - 2 * mask(k[1], x))(random.split(keys["key"]))),
    "grandchildren": (
        two,
        lambda keys, x: mask(random.fold_in(random.split(nnx(keys, 0))[1], 7), x) - 2 * mask(random.split(nnx(keys, 0))[0], x),
    ),
    "a long chain of splits": (
        lambda k, x: chained(k, x), lambda keys, x: chained(nnx(keys, 0), x)),
    "gamma": (lambda k, x: random.gamma(linen(k, 0), x), lambda keys, x: random.gamma(nnx(keys, 0), x)),
    "a key array mapped over": (
        lambda k, x: jax.vmap(mask)(random.split(linen(k, 0), 3), x),
        lambda keys, x: jax.vmap(mask)(random.split(nnx(keys, 0), 3), x),
    ),
    "a key array folded and scanned": (
        lambda k, x: lax.scan(lambda s, v: (s, mask(random.fold_in(v[0], 5), v[1])), 0, (random.split(k, 3), x))[1],
        lambda keys, x: lax.scan(lambda s, v: (s, mask(v[0], v[1])), 0, (random.split(nnx(keys, 0), 3), x))[1],
    ),
    "a draw that is not used": (two, lambda keys, x: (mask(nnx(keys, 2), x), SAME["two draws"][1](keys, x))[1]),
    "one key for all iterations": (
        lambda k, x: lax.scan(lambda s, v: (s, mask(linen(k, 0), v)), 0, x)[1],
        lambda keys, x: lax.scan(lambda s, v: (s, mask(nnx(keys, 0), v)), 0, x)[1],
    ),
    "one key twice on both sides": (
        lambda k, x: mask(linen(k, 0), x) + mask(linen(k, 0), x * 2),
        lambda keys, x: mask(nnx(keys, 0), x) + mask(nnx(keys, 0), x * 2),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_draws_that_pair_up_are_proved(name):
    proof = prove(*SAME[name])
    assert proof.proved, proof


DIFFERENT = {
    "one key for two draws": (two, lambda keys, x: mask(nnx(keys, 0), x) - 2 * mask(nnx(keys, 0), x)),
    "two keys for one draw": (
        lambda k, x: mask(linen(k, 0), x) - 2 * mask(linen(k, 0), x), SAME["two draws"][1]),
    "a key and its child": (two, lambda keys, x: mask(keys["key"], x) - 2 * mask(nnx(keys, 0), x)),
    "a child and its key": (
        two, lambda keys, x: mask(random.split(nnx(keys, 0))[1], x) - 2 * mask(nnx(keys, 0), x)),
    "fold_in that is split": (
        two, lambda keys, x: mask(random.fold_in(keys["key"], 1), x) - 2 * mask(random.split(keys["key"])[1], x)),
    "splits that overlap": (
        two, lambda keys, x: mask(random.split(keys["key"], 2)[1], x) - 2 * mask(random.split(keys["key"], 3)[1], x)),
    "counter that may be the constant": (
        two, lambda keys, x: mask(random.fold_in(keys["key"], 3), x) - 2 * mask(nnx(keys, 0), x)),
    "folded with data": (
        two, lambda keys, x: mask(random.fold_in(keys["key"], x[0, 0].astype(int)), x) - 2 * mask(
            random.fold_in(keys["key"], x[0, 1].astype(int)), x)),
    "a constant key": (two, lambda keys, x: mask(nnx(keys, 0), x) - 2 * mask(random.key(1), x)),
    "a constant key alone": (lambda k, x: mask(linen(k, 0), x), lambda keys, x: mask(random.key(1), x)),
    "other rate": (
        two, lambda keys, x: mask(nnx(keys, 0), x) - 2 * random.bernoulli(nnx(keys, 1), 0.4, x.shape) * x),
    "other shape": (
        two, lambda keys, x: mask(nnx(keys, 0), x) - 2 * random.bernoulli(nnx(keys, 1), 0.5, x.shape[1:]) * x),
    "other distribution": (
        lambda k, x: random.normal(linen(k, 0), x.shape), lambda keys, x: random.uniform(nnx(keys, 0), x.shape)),
    "repeated in an array": (
        SAME["a key array mapped over"][0],
        lambda keys, x: jax.vmap(mask)(jnp.stack([nnx(keys, 0)] * 3), x)),
    "shared instead of mapped": (
        SAME["a key array mapped over"][0], lambda keys, x: jax.vmap(mask, in_axes=(None, 0))(nnx(keys, 0), x)),
    "mapped instead of shared": (
        lambda k, x: jax.vmap(mask, in_axes=(None, 0))(linen(k, 0), x), SAME["a key array mapped over"][1]),
    "shared by the iterations": (SAME["a key array folded and scanned"][0], SAME["one key for all iterations"][1]),
    "new in each iteration": (SAME["one key for all iterations"][0], SAME["a key array folded and scanned"][1]),
    "one of the array again": (
        lambda k, x: jax.vmap(mask)(random.split(linen(k, 0), 3), x) + mask(linen(k, 1), x),
        lambda keys, x: (lambda k: jax.vmap(mask)(k, x) + mask(k[1], x))(random.split(nnx(keys, 0), 3))),
    "the array in two loops": (
        lambda k, x: (lambda a, b: lax.scan(lambda s, v: (s, lax.scan(
            lambda t, u: (t, mask(v[0], u[1]) - 2 * mask(u[0], u[1])), 0, (b, x))[1]), 0, (a, x))[1])(
                random.split(linen(k, 0), 3), random.split(linen(k, 1), 3)),
        lambda keys, x: (lambda a: lax.scan(lambda s, v: (s, lax.scan(
            lambda t, u: (t, mask(v[0], u[1]) - 2 * mask(u[0], u[1])), 0, (a, x))[1]), 0, (a, x))[1])(
                random.split(nnx(keys, 0), 3))),
    "the key itself is an output": (lambda k, x: random.key_data(linen(k, 0)), lambda keys, x: random.key_data(keys["key"]) * 0),
    "the counter is an output": (lambda k, x: mask(linen(k, 0), x), lambda keys, x: mask(nnx(keys, 0), x) + keys["count"]),
}  # fmt: skip


@pytest.mark.parametrize("name", DIFFERENT)
def test_draws_that_do_not_pair_up_are_not_proved(name):
    proof = prove(*DIFFERENT[name])
    assert not proof.proved and proof.reason, proof


def test_a_counter_must_go_beyond_what_was_drawn():
    new = SAME["two draws"][1]
    assert prove(SAME["two draws"][0], new, state=lambda keys: {"count": keys["count"] + 2}).proved
    for behind in (0, 1):
        proof = prove(SAME["two draws"][0], new, state=lambda keys, k=behind: {"count": keys["count"] + k})
        assert not proof.proved and "count is not advanced" in proof.reason


def test_two_streams_are_one_or_two_counters():
    old = lambda w, keys, inputs: (mask(linen(keys["a"], 0), *inputs) - 2 * mask(linen(keys["b"], 0), *inputs), {})  # noqa: E731
    new = lambda w, keys, inputs: (SAME["two draws"][1](keys, *inputs), {})  # noqa: E731
    one = {"key": KEY, "count": COUNT}
    assert prove_equal(old, new, {}, (x,), old_keys={"a": KEY, "b": KEY}, new_keys=one).proved


def test_a_key_given_by_the_caller_is_the_same_on_both_sides():
    def side(*order):
        return lambda w, keys, inputs: (mask(inputs[1][order[0]], inputs[0]) - 2 * mask(inputs[1][order[1]], inputs[0]), {})

    inputs = (x, [KEY, KEY])
    assert prove_equal(side(0, 1), side(0, 1), {}, inputs).proved
    assert not prove_equal(side(0, 1), side(1, 0), {}, inputs).proved
    assert not prove_equal(side(0, 1), side(0, 0), {}, inputs).proved


def test_a_key_carried_through_a_loop_is_refused():
    def carried(k, x):
        def body(key, row):
            key, own = random.split(key)
            return key, mask(own, row)

        return lax.scan(body, k, x)[1]

    assert not prove(carried, lambda keys, x: carried(keys["key"], x)).proved
