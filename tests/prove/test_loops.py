"""Control flow: loops and conditionals that compute the same are one value, all others are not."""
import jax
import jax.numpy as jnp
import pytest
from jax import lax
from jax.experimental import io_callback
from modules import Pair, close, draw, nn, nnx, rngs, spec

from flake8_nnx.verify.prove import prove_equal

pytestmark = pytest.mark.jax

xs, c, w = spec((5, 4)), spec((4,)), spec((4, 4))


def accumulate(x, start, k):
    return lax.scan(lambda s, v: (s + v @ k, s * v), start, x)


def accumulate_in_tuples(x, start, k):
    """The same with an extra constant carry, the carries in another order, one twice, and an unused one."""

    def body(carry, v):
        (mat, first, again, unused) = carry
        return (mat, first + v @ mat, again + v @ mat, unused + 1), first * v

    (_, last, _, _), stack = lax.scan(body, (k, start, start, 0), x)
    return last, stack


def count_down(x, start, k):
    return lax.while_loop(lambda s: s[0] < 3, lambda s: (s[0] + 1, jnp.tanh(s[1] @ k)), (0, start))[1]


def nested_with_constants(x, start, k):
    """The matrix is carried through both loops."""

    def outer(s, v):
        inner, _ = lax.scan(lambda u, q: ((u[0] * q, u[1]), None), (s[1] + v, s[0]), v * s[0])
        return (s[0], inner[0]), s[1]

    (_, last), stack = lax.scan(outer, (k, start), x)
    return last, stack


EQUAL = {
    "scan": (accumulate, accumulate_in_tuples),
    "while": (
        count_down,
        lambda x, start, k: lax.while_loop(
            lambda s: s[2] < 3, lambda s: (jnp.tanh(s[0] @ s[1]), s[1], s[2] + 1), (start, k, 0))[0],
    ),
    "identity scan": (lambda x, start, k: x * 2, lambda x, start, k: lax.scan(lambda s, v: (s, v), start, x)[1] * 2),
    "constant output": (
        lambda x, start, k: jnp.broadcast_to(start @ k, (5, 4)),
        lambda x, start, k: lax.scan(lambda s, v: (s, s @ k), start, x)[1]),
    "cond": (
        lambda x, start, k: lax.cond(start[0] > 0, lambda: start * 2, lambda: start @ k),
        lambda x, start, k: lax.cond(start[0] > 0, lambda z, m: z * 2, lambda z, m: z @ m, start, k)),
    "cond without choice": (
        lambda x, start, k: start * 2,
        lambda x, start, k: lax.cond(start[0] > 0, lambda: start * 2, lambda: start * 2)),
    "checkpoint and jit": (
        lambda x, start, k: jnp.tanh(x @ k),
        lambda x, start, k: jax.checkpoint(lambda z: jax.jit(jnp.tanh)(z @ k))(x)),
    "nested": (
        lambda x, start, k: lax.scan(lambda s, v: (lax.scan(lambda u, q: (u * q, None), s + v, v * k)[0], s), start, x),
        nested_with_constants),
}  # fmt: skip


def swap(x, start, k):
    (p, q), _ = lax.scan(lambda s, v: ((s[1] + v, s[0]), None), (start, start), x)
    return p


def last(step, start, x):
    return lax.scan(lambda s, v: (step(s), None), start, x)[0]


UNEQUAL = {
    "direction": (accumulate, lambda x, start, k: lax.scan(lambda s, v: (s + v @ k, s * v), start, x, reverse=True)),
    "start": (accumulate, lambda x, start, k: accumulate(x, start * 0, k)),
    "output before or after": (
        accumulate, lambda x, start, k: lax.scan(lambda s, v: (s + v @ k, (s + v @ k) * v), start, x)),
    "length": (accumulate, lambda x, start, k: (accumulate(x[:4], start, k)[0], accumulate(x, start, k)[1])),
    "other carry": (
        swap, lambda x, start, k: lax.scan(lambda s, v: ((s[1] + v, s[0]), None), (start, start), x)[0][1]),
    "merged carries": (
        swap, lambda x, start, k: lax.scan(lambda s, v: (s + v, None), start, x)[0]),
    "not constant": (
        lambda x, start, k: start, lambda x, start, k: lax.scan(lambda s, v: (-s, None), start, x)[0]),
    "constant output": (
        lambda x, start, k: jnp.broadcast_to(start, (5, 4)), lambda x, start, k: lax.scan(lambda s, v: (-s, s), start, x)[1]),
    "stacked along another axis": (
        lambda x, start, k: lax.scan(lambda s, v: (s, v * start), start, k)[1],
        lambda x, start, k: lax.scan(lambda s, v: (s, v * start), start, k.T)[1].T),
    "while condition": (
        count_down,
        lambda x, start, k: lax.while_loop(
            lambda s: s[0] < 4, lambda s: (s[0] + 1, jnp.tanh(s[1] @ k)), (0, start))[1]),
    "while step": (
        count_down,
        lambda x, start, k: lax.while_loop(
            lambda s: s[0] < 3, lambda s: (s[0] + 2, jnp.tanh(s[1] @ k)), (0, start))[1]),
    "cond branches": (
        lambda x, start, k: lax.cond(start[0] > 0, lambda: start * 2, lambda: start @ k),
        lambda x, start, k: lax.cond(start[0] > 0, lambda: start @ k, lambda: start * 2)),
    "cond predicate": (
        lambda x, start, k: lax.cond(start[0] > 0, lambda: start * 2, lambda: start @ k),
        lambda x, start, k: lax.cond(start[0] <= 0, lambda: start * 2, lambda: start @ k)),
    "same leaf names in two loops": (
        lambda x, start, k: last(lambda s: s + 1, start, x) + last(lambda s: s * 2, start, x),
        lambda x, start, k: last(lambda s: s + 1, start, x) + last(lambda s: s + 1, start, x)),
    "inner and outer element": (
        lambda x, start, k: lax.scan(lambda s, v: (s, lax.scan(lambda t, u: (t, u * v), s, k)[1]), start, k)[1],
        lambda x, start, k: lax.scan(lambda s, v: (s, lax.scan(lambda t, u: (t, u * u), s, k)[1]), start, k)[1]),
    "inner and outer index": (
        lambda x, start, k: lax.scan(lambda s, v: (s, lax.scan(lambda t, u: (t, u * v[0]), s, k)[1]), start, k)[1],
        lambda x, start, k: lax.scan(lambda s, v: (s, lax.scan(lambda t, u: (t, v * u[0]), s, k)[1]), start, k)[1]),
}  # fmt: skip


def prove(f, g, **options):
    inputs = (xs, c, w)
    axes = [(None,) * len(x.shape) for x in inputs]
    return prove_equal(lambda p, k, x: (f(*x), {}), lambda p, k, x: (g(*x), {}), {}, inputs, axes=axes, **options)


@pytest.mark.parametrize("name", EQUAL)
def test_equal_control_flow_is_proved(name):
    f, g = EQUAL[name]
    proof = prove(f, g)
    assert proof.proved and proof.exact, proof
    values = [draw(x, k) for k, x in enumerate((xs, c, w))]
    for left, right in zip(jax.tree.leaves(f(*values)), jax.tree.leaves(g(*values)), strict=True):
        close(left, right, 0.0)


@pytest.mark.parametrize("name", UNEQUAL)
def test_unequal_control_flow_is_not_proved(name):
    f, g = UNEQUAL[name]
    assert prove(f, f).proved and prove(g, g).proved
    assert not prove(f, g).proved
    values = [draw(x, k) for k, x in enumerate((xs, c, w))]
    with pytest.raises(AssertionError):
        for left, right in zip(jax.tree.leaves(f(*values)), jax.tree.leaves(g(*values)), strict=True):
            close(left, right, 0.0)


@pytest.mark.parametrize(
    "effect",
    [
        lambda x: jax.debug.print("{}", x) or x,
        lambda x: jax.pure_callback(lambda v: v, jax.ShapeDtypeStruct(x.shape, x.dtype), x),
        lambda x: io_callback(lambda v: v, jax.ShapeDtypeStruct(x.shape, x.dtype), x),
        lambda x: jax.vmap(lambda v: lax.psum(v, "i"), axis_name="i")(x) + jax.pure_callback(
            lambda v: v, jax.ShapeDtypeStruct(x.shape, x.dtype), x),
        lambda x: lax.scan(lambda s, v: (jax.debug.print("{}", v) or s, v), 0, x)[1],
        lambda x: lax.cond(x[0, 0] > 0, lambda: jax.debug.print("{}", x) or x, lambda: x),
    ],
)  # fmt: skip
def test_effects_are_refused_even_if_they_look_alike(effect):
    proof = prove(lambda x, start, k: effect(x), lambda x, start, k: effect(x))
    assert not proof.proved
    assert "side effects" in proof.reason or "outside the program" in proof.reason, proof


# ---- lifted transforms ----------------------------------------------------------------------------------------------


class LinenLayer(nn.Module):
    rate: float = 0.1

    @nn.compact
    def __call__(self, x, _=None):
        y = nn.relu(nn.Dense(16)(nn.LayerNorm()(x)))
        return x + nn.Dropout(self.rate, deterministic=self.rate == 0)(y), None


class LinenStack(nn.Module):
    rate: float = 0.1
    split: bool = True

    @nn.compact
    def __call__(self, x):
        layers = nn.scan(
            LinenLayer, variable_axes={"params": 0}, split_rngs={"params": True, "dropout": self.split}, length=3
        )
        return nn.Dense(4)(layers(rate=self.rate, name="layers")(x, None)[0])


class Layer(nnx.Module):
    def __init__(self, rngs, rate=0.1):
        self.norm = nnx.LayerNorm(16, rngs=rngs)
        self.dense = nnx.Linear(16, 16, rngs=rngs)
        self.drop = nnx.Dropout(rate, rngs=rngs)

    def __call__(self, x):
        return x + self.drop(nnx.relu(self.dense(self.norm(x))))


class Stack(nnx.Module):
    def __init__(self, rngs, rate=0.1, wrong=None):
        self.wrong = wrong

        @nnx.split_rngs(splits=3)
        @nnx.vmap(in_axes=0, out_axes=0)
        def make(rngs):
            return Layer(rngs, rate)

        self.layers = make(rngs)
        self.out = nnx.Linear(16, 4, rngs=rngs)

    def __call__(self, x):
        if self.wrong == "one mask":
            key = self.layers.drop.rngs.key.get_value()[0]

            def body(x, layer, key):
                return x + layer.drop(nnx.relu(layer.dense(layer.norm(x))), rngs=key)

            return self.out(nnx.scan(body, in_axes=(nnx.Carry, 0, None), out_axes=nnx.Carry)(x, self.layers, key))
        if self.wrong == "repeated keys":
            keys = jnp.stack([self.layers.drop.rngs.key.get_value()[0]] * 3)

            def body(x, layer, key):
                return x + layer.drop(nnx.relu(layer.dense(layer.norm(x))), rngs=key)

            return self.out(nnx.scan(body, in_axes=(nnx.Carry, 0, 0), out_axes=nnx.Carry)(x, self.layers, keys))
        reverse = self.wrong == "reverse"
        step = nnx.scan(lambda x, layer: layer(x), in_axes=(nnx.Carry, 0), out_axes=nnx.Carry, reverse=reverse)
        return self.out(step(x, self.layers))


PATHS = {"Dense_0": "out", "layers": "layers", "layers/Dense_0": "layers/dense", "layers/LayerNorm_0": "layers/norm"}


def stack(rate=0.1, wrong=None, split=True):
    streams = ("dropout",) if rate else ()
    return Pair(LinenStack(rate, split), lambda: Stack(rngs(), rate, wrong), (spec((3, 16)),), PATHS, streams=streams)


@pytest.mark.parametrize("rate", [0.0, 0.1])
def test_scanned_stacks_are_proved(rate):
    pair = stack(rate)
    assert pair.prove().exact
    assert pair.prove(gradients=True).proved
    if not rate:  # draws within a scan cannot be numbered
        pair.assert_same_numbers()


@pytest.mark.parametrize("wrong", ["one mask", "repeated keys", "reverse"])
def test_wrong_scanned_stacks_are_not_proved(wrong):
    assert not stack(wrong=wrong).prove().proved


def test_a_mask_shared_by_all_layers_of_the_old_stack_is_not_one_per_layer():
    assert not stack(split=False).prove().proved
