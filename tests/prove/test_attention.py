"""Linen's attention and `jax.nn.dot_product_attention`, which NNX calls: equal over the reals in float32, gradients included."""
import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest
from modules import spec

from flake8_nnx.verify.prove import prove_equal

pytestmark = pytest.mark.jax

SHAPE = (2, 5, 4, 8)  # batch, length, heads, depth
fast = jax.nn.dot_product_attention


def linen(q, k, v, mask=None, **options):
    return nn.dot_product_attention(q, k, v, mask=mask, **options)


def prove(f, g, dtype=jnp.float32, masked=False, gradients=True):
    inputs = [spec(SHAPE, dtype)] * 3 + [spec((2, 1, 5, 5), jnp.bool_)] * masked
    axes = [("b", "t", None, None)] * 3 + [("b", None, "t", "t")] * masked
    sides = [lambda w, keys, x, f=f: (f(*x), {}) for f in (f, g)]
    return prove_equal(*sides, {}, inputs, axes=axes, gradients=gradients)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("gradients", [False, True])
def test_the_two_spellings_are_one(masked, gradients):
    proof = prove(linen, lambda q, k, v, *mask: fast(q, k, v, mask=mask[0] if mask else None), masked=masked, gradients=gradients)
    assert proof.proved and proof.precision == "reals", proof
    assert proof.symbolic == ("b", "t")
    assert proof.conditions == (("no attention logit is beyond 6e35",) if masked else ())
    assert {"dotscale", "rootscale"} <= set(proof.rules)


def test_a_scale_by_hand():
    """What people write in a migration: the scale anywhere in the product."""

    def by_hand(q, k, v):
        logits = jnp.einsum("bthd,bshd->bhts", q, k * 8**-0.5)
        return jnp.einsum("bhts,bshd->bthd", nn.softmax(logits), v)

    assert prove(linen, by_hand).precision == "reals"


def of_softmax(change):
    def attention(q, k, v, mask=None):
        logits = jnp.einsum("bthd,bshd->bhts", q / jnp.sqrt(8.0), k)
        return jnp.einsum("bhts,bshd->bthd", change(logits, mask), v)

    return attention


@pytest.mark.parametrize(
    "other, masked",
    [
        (functools.partial(fast, scale=0.35), False),
        (functools.partial(fast, scale=8**-0.5 + 1e-7), False),
        (functools.partial(fast, is_causal=True), False),
        (lambda q, k, v: fast(k, q, v), False),
        (lambda q, k, v: fast(q, k, k), False),
        (lambda q, k, v: fast(q, v, k), False),
        (functools.partial(linen, precision="highest"), False),
        (of_softmax(lambda x, mask: nn.softmax(x, -2)), False),
        (lambda q, k, v, mask: fast(q, k, v), True),
        (lambda q, k, v, mask: fast(q, k, v, mask=~mask), True),
        (lambda q, k, v, mask: fast(q, k, v, mask=mask.swapaxes(2, 3)), True),
        # Masked altogether, a row is uniform in Linen, NaN or 0 here.
        (of_softmax(lambda x, mask: nn.softmax(jnp.where(mask, x, -jnp.inf))), True),
        (of_softmax(lambda x, mask: jnp.where(mask, nn.softmax(jnp.where(mask, x, -3e38)), 0)), True),
        (of_softmax(lambda x, mask: nn.softmax(x, where=mask)), True),
        # Not far below every logit.
        (of_softmax(lambda x, mask: nn.softmax(jnp.where(mask, x, -1e9))), True),
        (of_softmax(lambda x, mask: nn.softmax(x + jnp.where(mask, 0, -3e38))), True),
        (of_softmax(lambda x, mask: jnp.where(mask, x, -2e38)), True),
    ],
)
def test_what_differs_stays_different(other, masked):
    assert prove(other, other, masked=masked, gradients=False).proved
    assert not prove(linen, other, masked=masked, gradients=False).proved


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
@pytest.mark.parametrize("masked", [False, True])
def test_in_16_bits_nothing_is_claimed(dtype, masked):
    def with_mask(q, k, v, *mask):
        return fast(q, k, v, mask=mask[0] if mask else None)

    def scaled_later(q, k, v, *mask):
        logits = jnp.einsum("bthd,bshd->bhts", q, k) * jnp.asarray(8**-0.5, dtype)
        weights = nn.softmax(jnp.where(mask[0], logits, jnp.finfo(dtype).min) if mask else logits)
        return jnp.einsum("bhts,bshd->bthd", weights, v)

    for other in (with_mask, scaled_later):
        assert not prove(linen, other, dtype, masked, gradients=False).proved


def test_stopped_gradients_are_found():
    proof = prove(linen, lambda q, k, v: fast(q, jax.lax.stop_gradient(k), v))
    assert not proof.proved
    assert prove(linen, lambda q, k, v: fast(q, jax.lax.stop_gradient(k), v), gradients=False).proved
