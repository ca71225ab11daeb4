"""The function that translates logical names does what Linen's does, rule by rule."""
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from flake8_nnx.migrate.logical import DEFINITION, NAME

pytestmark = pytest.mark.jax
LINEN = nn.with_logical_constraint
NAMES = ("batch", None, "embed")
RULES = [
    (),
    (("batch", "x"), ("embed", "y")),
    (("embed", "x"), ("batch", "x"), ("batch", "y")),
    (("batch", ("x", "y")), ("embed", "y")),
    (("batch", None), ("batch", "x"), ("embed", "y")),
    (("heads", "x"),),
]


def own():
    namespace = {}
    exec(DEFINITION.format(indent="    "), namespace)
    return namespace[NAME]


def specs(function, monkeypatch):
    """What a function asks of jax for these names; a mesh of one device would not show it."""
    asked = []
    monkeypatch.setattr(jax.lax, "with_sharding_constraint", lambda x, spec: asked.append(spec) or x)
    function(jnp.zeros((2, 3, 4)), NAMES)
    monkeypatch.undo()
    return asked


@pytest.mark.parametrize("rules", RULES)
def test_shards_as_linen_does(rules, monkeypatch):
    mesh = jax.sharding.Mesh(np.array(jax.devices()[:1]).reshape(1, 1), ("x", "y"))
    with jax.set_mesh(mesh), nn.logical_axis_rules(rules):
        expected = specs(LINEN, monkeypatch)  # noqa: NNX602
        assert specs(own(), monkeypatch) == expected
        assert len(expected) == bool(rules)


def test_does_nothing_without_a_mesh(monkeypatch):
    with nn.logical_axis_rules(RULES[1]):
        assert specs(own(), monkeypatch) == specs(LINEN, monkeypatch) == []  # noqa: NNX602
