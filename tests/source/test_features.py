"""Symbolic sizes: what each layer's input size is, and when nobody can say."""
import ast

import pytest

from flake8_nnx.source.features import needed_sizes, sizes, trace
from flake8_nnx.source.linen import Facts

HEAD = """
from functools import partial
import flax.linen as nn
import jax
import jax.numpy as jnp
from einops import rearrange, reduce, repeat


class Inner(nn.Module):
    out: int

    @nn.compact
    def __call__(self, y):
        return nn.Dense(self.out)(nn.relu(y))


def double(x):
    return jnp.concatenate([x, x], axis=-1)


class Model(nn.Module):
    features: int = 8
    widths: tuple = (1, 2)
    act: object = nn.relu
    pool: object = jax.ops.segment_max
    mix: object = jnp.vdot

    @nn.compact
    def __call__(self, x, mask=None, train: bool = False):
"""
# The transposition tells that x has two.
TWO_AXES = "h, k = nn.DenseGeneral((2, self.features))(x), nn.DenseGeneral((2, 3))(x)\nk = k.transpose(1, 0, 2)\n"


def facts_of(body, head=HEAD):
    source = head + "\n".join(f"        {line}" for line in body.split("\n"))
    return Facts(ast.parse(source))


def last_size(body):
    """The size of the last built-in layer that the model creates."""
    facts = facts_of(body)
    model = [cls for cls in facts.classes if cls.name == "Model"][0]
    sites = [site for site in trace(model).sites if site.ref and site.ref.linen]
    found = sizes(sites[-1].call, facts)
    return next(iter(found.values()), None)


@pytest.mark.parametrize(
    "body, size",
    [
        ("return nn.Dense(3)(x)", "in_features"),
        ("return nn.Dense(3)(nn.Dense(4)(x))", "in_features"),
        ("x = nn.Dense(4)(x)\nreturn nn.Dense(3)(x)", "4"),
        ("x = nn.Dense(4)(x)\nreturn nn.Dense(3)(jax.ops.segment_sum(x, mask, 2))", "4"),
        ("x = nn.Dense(4)(x)\nreturn nn.Dense(3)(self.pool(x, mask, 2))", "4"),
        ("x = nn.Dense(self.features)(x)\nreturn nn.Dense(3)(x)", "features"),
        ("x = nn.Dense(self.features * 2)(x)\nreturn nn.LayerNorm()(x)", "features * 2"),
        ("x = x + nn.Dense(x.shape[-1])(x)\nreturn nn.Dense(3)(x)", "in_features"),
        ("x = jnp.concatenate([x, nn.Dense(4)(x)], axis=-1)\nreturn nn.Dense(3)(x)", "in_features + 4"),
        ("x = self.act(nn.Dense(4)(x))\nreturn nn.Dense(3)(x)", "4"),
        ("x = Inner(5)(x)\nreturn nn.Dense(3)(x)", "5"),
        ("x = Inner(self.features)(x)\nreturn nn.Dense(3)(x)", "features"),
        ("x = double(nn.Dense(4)(x))\nreturn nn.Dense(3)(x)", "8"),
        ("b, t, c = x.shape\nx = x.reshape(b, t * c)\nreturn nn.Dense(3)(x)", "in_shape[-2] * in_shape[-1]"),
        ("x = nn.Conv(4, (3, 3))(x)\nx = x.reshape((x.shape[0], -1))\nreturn nn.Dense(3)(x)", "in_shape[-3] * in_shape[-2] * 4"),
        ("x = nn.Conv(4, (3, 3), strides=(2, 2))(x)\nx = x.mean(axis=(1, 2))\nreturn nn.Dense(3)(x)", "4"),
        ("x = nn.Embed(9, 6)(x)\nreturn nn.Dense(3)(x)", "6"),
        ("conv = partial(nn.Dense, 7)\nx = conv()(x)\nreturn nn.Dense(3)(x)", "7"),
        ("for w in self.widths:\n    x = nn.Dense(w)(x)\nreturn nn.Dense(3)(x)", "x_features"),
        ("if train:\n    x = x * 2\nreturn nn.Dense(3)(x)", "in_features"),
        ("return nn.Dense(3)(mask)", "mask_features"),
        ("x = jnp.swapaxes(x, -1, -2)\nreturn nn.Dense(3)(x)", "in_shape[-2]"),
        ("return nn.Dense(3)(x[..., :4])", "4"),
        ("return nn.Dense(3)(x @ mask)", "mask_features"),
        ("y = jnp.broadcast_to(mask, x.shape)\nreturn nn.Dense(3)(jnp.concatenate((x, y), -1))", "in_features + in_features"),
        ("f = lambda y: nn.relu(y)\nreturn nn.Dense(3)(f(x))", "in_features"),
        (TWO_AXES + "return nn.Dense(3)(jnp.swapaxes(h, 1, 2))", "2"),
        ("return nn.Dense(3)(rearrange(x, 'b t c -> b (t c)'))", "in_shape[-2] * in_shape[-1]"),
        ("return nn.Dense(3)(rearrange(x, '... (h d) -> ... h d', h=2))", "in_features // 2"),
        ("return nn.Dense(3)(repeat(x, 'b c -> b (c k)', k=3))", "in_features * 3"),
        ("return nn.Dense(3)(reduce(x, 'b (t 2) c -> b c t', 'mean'))", "in_shape[-2] // 2"),
        ("return nn.Dense(3)(jnp.tile(x, (1, 2)))", "in_features * 2"),
        ("return nn.Dense(3)(jax.nn.one_hot(x, 5))", "5"),
        ("return nn.Dense(3)(jax.random.normal(mask, (2, 7)))", "7"),
        ("x = jnp.einsum('bi,ij->bj', x, mask)\nreturn nn.Dense(3)(x)", "mask_features"),
    ],
)
def test_sizes_that_follow(body, size):
    assert last_size(body) == size


@pytest.mark.parametrize(
    "body",
    [
        "x = nn.Dense(4)(x)\nreturn nn.Dense(3)(self.mix(x, mask, 2))",
        "return nn.Dense(3)(jnp.fft.rfft(x))",
        "return nn.Dense(3)(rearrange(x, mask))",
        "return nn.Dense(3)(rearrange(x, 'b (t c) -> b t c'))",  # only their product is known
        "return nn.Dense(3)(rearrange(x, 'b ... c -> b c ...'))",
        "return nn.Dense(3)(jax.nn.one_hot(x, mask))",
        "return nn.Dense(3)(jax.random.normal(mask, unknown))",
        "x = x.reshape((x.shape[0], -1))\nreturn nn.Dense(3)(x)",  # of unknown rank
        "return nn.Dense(3)(unknown(x, mask))",
        TWO_AXES + "return nn.Dense(3)(jnp.swapaxes(mask, 1, 2))",
        "while train:\n    x = jnp.concatenate([x, x], -1)\nreturn nn.Dense(3)(x[unknown])",
        "if train:\n    x = x[..., :2]\nreturn nn.Dense(3)(x)",
        "gone = jnp.all(x == 0, axis=-1, keepdims=True)\ny = jnp.fft.rfft(x)\nreturn nn.Dense(3)(jnp.where(gone, 0 * y, y))",
    ],
)
def test_sizes_that_nobody_knows(body):
    assert last_size(body) is None


@pytest.mark.parametrize(
    "body, names",
    [
        ("return x", []),
        ("return nn.Dense(3)(x)", ["in_features"]),
        ("return nn.Dense(3)(mask) + nn.Dense(3)(x)", ["in_features", "mask_features"]),
        ("x = nn.max_pool(nn.Conv(4, (3, 3))(x), (2, 2))\nreturn nn.Dense(3)(x.mean(axis=(1, 2)))", ["in_features"]),
        ("x = nn.Conv(4, (3, 3))(x)\nreturn nn.Dense(3)(x.reshape(x.shape[0], -1))", ["in_shape"]),
    ],
)
def test_size_parameters(body, names):
    facts = facts_of(body)
    model = [cls for cls in facts.classes if cls.name == "Model"][0]
    assert [parameter.name for parameter in needed_sizes(trace(model))] == names


def test_the_tree_is_left_as_it_was():
    facts = facts_of("x = Inner(5)(x)\nreturn nn.Dense(3)(x)")
    before = [(type(node), dict(vars(node))) for node in ast.walk(facts.tree)]
    for cls in facts.classes:
        trace(cls)
    assert [(type(node), dict(vars(node))) for node in ast.walk(facts.tree)] == before


def test_code_outside_of_a_class_has_no_sizes():
    facts = Facts(ast.parse("import flax.linen as nn\nmodel = nn.Dense(3)\n"))
    call = next(node for node in ast.walk(facts.tree) if isinstance(node, ast.Call))
    assert sizes(call, facts) == {}


def test_a_partial_of_the_module_keeps_its_arguments() -> None:
    facts = Facts(ast.parse("""
from functools import partial
from flax import linen as nn
dense = partial(nn.Dense, use_bias=False)
class Net(nn.Module):
    @nn.compact
    def __call__(self, x):
        return dense(3)(x)
"""))
    (site,) = trace(facts.classes[0]).sites
    assert list(site.keywords) == ["use_bias"] and site.sizes == {"in_features": "axis1_of_x"}
