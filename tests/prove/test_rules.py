"""Each canonical rule: a pair that needs it, and a near miss that no rule may make equal."""
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from modules import close, draw, spec

from flake8_nnx.verify.prove import prove_equal, rules
from flake8_nnx.verify.prove.compare import Leaves, compare
from flake8_nnx.verify.prove.trace import trace

pytestmark = pytest.mark.jax

a, b, s = spec((4, 4)), spec((4, 4)), spec(())
m, c, p = spec((4, 6)), spec((2, 3, 5)), spec((4, 4), jnp.bool_)


@jax.jit
def strong(x):
    """A weakly typed number without its weak type: the conversion stays in the jaxpr."""
    return lax.convert_element_type(x, jnp.float32)


def dot(x, y, **options):
    return lax.dot_general(x, y, (((1,), (0,)), ((), ())), **options)


def masked(q, x, fill, other=None):
    """Exponentials of a softmax in which a row is masked altogether, and whose numbers are far below 0."""
    z = jnp.where(q & (jnp.arange(4)[:, None] > 0), -1e12 * jnp.abs(x), fill)
    return jnp.exp(z - (z if other is None else other).max(1, keepdims=True))


CASES = {
    # rule: (inputs, one spelling, an equal one, near misses of the first)
    "copy": ((a,), lambda x: x * 3, lambda x: lax.stop_gradient(lax.optimization_barrier(x)) * 3,
             [lambda x: lax.reduce_precision(x, 5, 10) * 3]),
    "cast": ((a,), lambda x: x + 3, lambda x: x + strong(3.0), [
        lambda x: x.astype(jnp.bfloat16).astype(jnp.float32) + 3]),
    "view": ((c,), lambda x: jnp.transpose(x, (2, 0, 1)), lambda x: jnp.transpose(jnp.transpose(x, (2, 1, 0)), (0, 2, 1)),
             [lambda x: jnp.transpose(x.reshape(3, 2, 5), (2, 1, 0)), lambda x: jnp.transpose(x, (2, 1, 0))]),
    "reshape": ((c,), lambda x: x.reshape(30), lambda x: x.reshape(5, 1, 6)[:, None].reshape(15, 2).reshape(30),
                [lambda x: jnp.transpose(x, (1, 0, 2)).reshape(30), lambda x: x.reshape(5, 6).T.reshape(30)]),
    "add_any": ((a,), lambda x: x + x, lambda x: jax.vjp(lambda z: (z, z), x)[1]((x, x))[0], [lambda x: x * x]),
    "square": ((a, b), lambda x, y: lax.square(x), lambda x, y: lax.integer_pow(x, 2) , [
        lambda x, y: x * y, lambda x, y: lax.integer_pow(x, 3), lambda x, y: x ** jnp.float32(2)]),
    "flip": ((a, b), lambda x, y: x > y, lambda x, y: y < x, [
        lambda x, y: x >= y, lambda x, y: x < y, lambda x, y: ~(x <= y)]),
    "wherebool": ((p, a, b), lambda q, x, y: jnp.where(q, x, y), lambda q, x, y: jnp.where(
        q.astype(jnp.float32) != 0, x, y), [
        lambda q, x, y: jnp.where(q, y, x), lambda q, x, y: jnp.where(q.astype(jnp.int32) == 0, x, y),
        lambda q, x, y: jnp.where(q.astype(jnp.int32) != 1, x, y)]),
    "scalarb": ((a, s), lambda x, y: x + y, lambda x, y: x + jnp.broadcast_to(y, (4, 4)), [
        lambda x, y: x + y * jnp.arange(4.0)]),
    "comm": ((a, b), lambda x, y: x * y + y, lambda x, y: y + y * x, [
        lambda x, y: x * y + x, lambda x, y: (x + y) * y, lambda x, y: x * y - y]),
    "maxcomm": ((a, b), lambda x, y: jnp.maximum(x, y), lambda x, y: jnp.maximum(y, x), [lambda x, y: jnp.minimum(x, y)]),
    "elemview": ((a, b), lambda x, y: jnp.exp(x.T + y.T), lambda x, y: jnp.exp(x + y).T, [
        lambda x, y: jnp.exp(x.T + y), lambda x, y: jnp.exp(x + y)]),
    "elemreshape": ((m, m), lambda x, y: x.reshape(8, 3) + y.reshape(8, 3), lambda x, y: (x + y).reshape(8, 3), [
        lambda x, y: x.reshape(8, 3) + y.T.reshape(8, 3)]),
    "unitaxes": ((a,), lambda x: x.sum(1), lambda x: x[:, None].sum((1, 2)), [
        lambda x: x.sum(0), lambda x: x.max(1)]),
    "unitext": ((a,), lambda x: x * 2, lambda x: x[:, None].max(1) * 2, [lambda x: x.reshape(2, 2, 4).max(1).repeat(2, 0) * 2]),
    "unitred": ((a,), lambda x: x * 2, lambda x: lax.reduce_sum_p.bind(
        x[:, None], axes=(1,), out_sharding=None) * 2, [lambda x: x.reshape(2, 2, 4).sum(1).repeat(2, 0) * 2]),
    "slice": ((a,), lambda x: x[1:4, :][:2], lambda x: x[1:3], [
        lambda x: x[0:2], lambda x: x[1:4:2], lambda x: x[:, 1:3].T]),
    "split": ((m,), lambda x: jnp.split(x, [2, 4], 1)[1], lambda x: x[:, 2:4], [
        lambda x: jnp.split(x, [2, 4], 1)[0], lambda x: jnp.split(x, [1, 3], 1)[1]]),
    "unstack": ((a,), lambda x: x[:, 1] * 2, lambda x: jnp.unstack(x, axis=1)[1] * 2, [
        lambda x: jnp.unstack(x, axis=0)[1] * 2, lambda x: jnp.unstack(x, axis=1)[2] * 2]),
    "stack": ((a, b), lambda x, y: jnp.concatenate([x[:, None], y[:, None]], 1), lambda x, y: lax.stack([x, y], axis=1), [
        lambda x, y: lax.stack([y, x], axis=1), lambda x, y: lax.stack([x, y], axis=2).reshape(4, 2, 4)]),
    "slice1": ((m, m), lambda x, y: jnp.concatenate([x, y], 1)[:, 7:9], lambda x, y: y.T[1:6][:2].T, [
        lambda x, y: jnp.concatenate([y, x], 1)[:, 7:9], lambda x, y: jnp.concatenate([x, y], 1)[:, 5:7],
        lambda x, y: x[:, 1:3]]),
    "concat1": ((a,), lambda x: x + 1, lambda x: lax.concatenate_p.bind(x, dimension=0) + 1, [
        lambda x: jnp.concatenate([x[:2], x[:2]]) + 1]),
    "elemslice": ((m, m), lambda x, y: (x * y)[:, 2:4], lambda x, y: x[:, 2:4] * y[:, 2:4], [
        lambda x, y: x[:, 2:4] * y[:, 3:5], lambda x, y: (x * y)[:, 3:5]]),
    "pet": ((a, b), lambda x, y: dot(x, y), lambda x, y: dot(x, y, preferred_element_type=jnp.float32), [
        lambda x, y: dot(x, y, precision="highest"), lambda x, y: dot(y, x), lambda x, y: dot(x, y.T)]),
    "dotslice": ((a, m), lambda x, y: dot(x, y)[:, 1:4], lambda x, y: dot(x, y[:, 1:4]), [
        lambda x, y: dot(x[:, 1:4], y[1:4, 1:4]), lambda x, y: dot(x, y)[:, 0:3]]),
    "dotconcat": ((a, b), lambda x, y: dot(jnp.concatenate([x, y], 1), jnp.concatenate([y, x])),
                  lambda x, y: dot(x, y) + dot(y, x), [
        lambda x, y: dot(x, x) + dot(y, y), lambda x, y: dot(jnp.concatenate([x, y], 1), jnp.concatenate([x, y])),
        lambda x, y: dot(x, y) + dot(x, y)]),
    "assoc": ((a, b), lambda x, y: (x + y) + x * y, lambda x, y: x + (y + x * y), [
        lambda x, y: x + (x + x * y), lambda x, y: (x + y) + (y + x * y), lambda x, y: x - (y + x * y)]),
    "redslice": ((m,), lambda x: x.sum(0)[1:3], lambda x: x[:, 1:3].sum(0), [
        lambda x: x.sum(0)[2:4], lambda x: x[1:3].sum(0)[1:3], lambda x: x[:, 1:3].max(0)]),
    "dotform": ((a, b), lambda x, y: dot(x, y), lambda x, y: lax.dot_general(
        y[None], x[:, None], (((1,), (2,)), ((), ())))[0, :, :, 0].T, [
        lambda x, y: dot(y, x), lambda x, y: dot(x, y.T), lambda x, y: dot(x, y).T, lambda x, y: dot(x, x)]),
    "dotscale": ((a, b), lambda x, y: dot(3 * x.T, y), lambda x, y: 3 * dot(x.T, y), [
        lambda x, y: 9 * dot(x.T, y), lambda x, y: dot(x.T, jnp.arange(4.0)[:, None] * y), lambda x, y: dot(3 + x.T, y)]),
    "redview": ((a,), lambda x: x.T.sum(1), lambda x: x.sum(0), [
        lambda x: x.sum(1), lambda x: x.T.max(1), lambda x: jnp.broadcast_to(x[:, None], (4, 3, 4)).sum((0, 1))]),
    "rootscale": ((a,), lambda x: x / jnp.sqrt(8.0), lambda x: x * (1 / np.sqrt(8)), [
        lambda x: x * np.nextafter(np.float32(1 / np.sqrt(8)), 1), lambda x: x / 8, lambda x: x * np.sqrt(8),
        lambda x: jnp.sqrt(8.0) / x]),
    "andtrue": ((p,), lambda q: ~q, lambda q: ~(q & jnp.ones((4, 1), bool)), [
        lambda q: ~(q & jnp.zeros((4, 1), bool)), lambda q: ~(q | jnp.ones((4, 1), bool)), lambda q: ~(q & q.T)]),
    "boolback": ((p,), lambda q: ~q, lambda q: ~q.astype(jnp.float32).astype(bool), [
        lambda q: ~(q.astype(jnp.float32) - 1).astype(bool), lambda q: ~(q.astype(jnp.int32) + 1).astype(bool)]),
    "maskfill": ((p, a), lambda q, x: masked(q, x, -3e38), lambda q, x: masked(q, x, -2e38), [
        lambda q, x: masked(q, x, -1e9), lambda q, x: masked(q, x, -jnp.inf), lambda q, x: masked(q, x.T, -2e38),
        lambda q, x: masked(~q, x, -2e38), lambda q, x: masked(q, x, -2e38, x), lambda q, x: masked(q, x, 2e38)]),
}  # fmt: skip
DEVICE = {"flip", "square", "pet"}
"""Rules with a near miss that gives other numbers only for NaN or on another device."""


def prove(inputs, f, g, available=None):
    sides = [lambda w, k, x, f=f: (f(*x), {}) for f in (f, g)]
    if available is None:
        return prove_equal(*sides, {}, inputs, axes=[(None,) * len(x.shape) for x in inputs])
    programs = [trace(side, {}, {}, inputs) for side in sides]
    return compare(*programs, Leaves([], [], [], [str(k) for k in range(len(inputs))]), available)


def test_every_rule_has_a_case_and_says_why_it_is_sound():
    assert set(CASES) == {rule.name for rule in rules.RULES}
    assert len({rule.name for rule in rules.RULES}) == len(rules.RULES)
    for rule in rules.RULES:
        assert "Sound" in rule.doc and "Near miss that must stay different" in rule.doc, rule.name


@pytest.mark.parametrize("name", CASES)
def test_rule_is_needed_and_keeps_what_it_promises(name):
    inputs, f, g, _ = CASES[name]
    (rule,) = [rule for rule in rules.RULES if rule.name == name]
    proof = prove(inputs, f, g)
    assert proof.proved and name in proof.rules, proof
    assert proof.exact == (rule.precision == "bits")
    assert prove(inputs, f, g, [rule for rule in rules.RULES if rule.name != name]).reason
    for seed in (0, 1):
        values = [draw(x, seed + 7 * k) for k, x in enumerate(inputs)]
        if rule.precision != "reals":
            close(f(*values), g(*values), 0.0)
            continue
        # Equal up to rounding: in float64 that is far below what any float32 run could show.
        with jax.enable_x64(True):
            wide = [x.astype("float64") if x.dtype == "float32" else x for x in map(np.asarray, values)]
            left, right = f(*wide), g(*wide)
            assert left.dtype == "float64"
            close(left, right, 1e-14 * max(x.size for x in wide))


@pytest.mark.parametrize("name", CASES)
def test_near_misses_stay_different(name):
    inputs, f, _, misses = CASES[name]
    assert misses
    for k, miss in enumerate(misses):
        values = [draw(x, 3 * k + j) for j, x in enumerate(inputs)]
        try:
            close(f(*values), miss(*values), 0.0)
        except AssertionError:
            pass
        else:
            assert name in DEVICE, "a near miss must be another function on some input"
        assert not prove(inputs, f, miss).proved, k


@pytest.mark.parametrize(
    "f, g",
    [
        (lambda x, y: (x + y) + x, lambda x, y: x + (y + x + 0 * y)),
        (lambda x, y: (x + y) - y, lambda x, y: x),
        (lambda x, y: x * 0.1, lambda x, y: x / 10),
        (lambda x, y: jnp.sum(x, 0), lambda x, y: jnp.sum(x, 1)),
        (lambda x, y: jnp.cumsum(x, 0), lambda x, y: jnp.cumsum(x, 1)),
        (lambda x, y: x @ y, lambda x, y: y @ x),
        (lambda x, y: x[::-1], lambda x, y: x[:, ::-1]),
        (lambda x, y: jnp.sort(x, 0), lambda x, y: jnp.sort(x, 1)),
        (lambda x, y: jnp.where(x > 0, x, y), lambda x, y: jnp.where(x >= 0, x, y)),
        (lambda x, y: jax.nn.gelu(x), lambda x, y: jax.nn.gelu(x, approximate=False)),
        (lambda x, y: x.astype(jnp.bfloat16) + y.astype(jnp.bfloat16), lambda x, y: (x + y).astype(jnp.bfloat16)),
        (lambda x, y: jnp.float32(0.1) * x, lambda x, y: jnp.float32(0.10000001) * x),
        (lambda x, y: x * jnp.arange(4.0), lambda x, y: x * jnp.arange(4.0)[:, None]),
        (lambda x, y: x.at[0].add(y[0]), lambda x, y: x.at[0].set(y[0])),
        (lambda x, y: x.at[0].add(y[0]), lambda x, y: x.at[1].add(y[0])),
        (lambda x, y: jnp.argmax(x, 0), lambda x, y: jnp.argmin(x, 0)),
        (lambda x, y: (x, y), lambda x, y: (y, x)),
        (lambda x, y: (x, y), lambda x, y: (x,)),
        (lambda x, y: {"p": x, "q": y}, lambda x, y: {"p": x, "r": y}),
        (lambda x, y: jnp.pad(x, 1), lambda x, y: jnp.pad(x, 1, constant_values=1.0)),
        (lambda x, y: lax.reduce_window(x, 0.0, lax.add, (2, 2), (1, 1), "SAME"),
         lambda x, y: lax.reduce_window(x, -jnp.inf, lax.max, (2, 2), (1, 1), "SAME")),
    ],
)  # fmt: skip
def test_different_functions_stay_different(f, g):
    assert not prove((a, b), f, g).proved
    assert prove((a, b), f, f).proved and prove((a, b), g, g).proved
