"""The catalogue against the installed flax: every parameter of every layer, its place and its default."""
import inspect

import flax.linen as nn
import jax
import numpy as np
import pytest
from flax import nnx

from flake8_nnx.catalog.known_differences import KNOWN_DIFFERENCES
from flake8_nnx.catalog.layers import LAYERS

pytestmark = pytest.mark.jax
Kind = inspect.Parameter
TWINS = [layer for layer in LAYERS.values() if layer.nnx]
# NNX has these parameters, yet the Linen ones of the same name are dropped, because they mean something else.
SAME_NAME_OTHER_MEANING = {("GroupNorm", "reduction_axes"), ("WeightNorm", "variable_filter")}
# Why a default may differ although nothing is written: a row of the table of differences, or what None means.
DEFAULTS = {
    ("BatchNorm", "use_running_average"): KNOWN_DIFFERENCES["flag-defaults"],
    ("Dropout", "deterministic"): KNOWN_DIFFERENCES["flag-defaults"],
    **{(name, "attention_fn"): row for row in [KNOWN_DIFFERENCES["attention-fast-path"]] for name in row.layers},
    **{(name, "promote_dtype"): row for row in [KNOWN_DIFFERENCES["promote-function"]] for name in row.layers},
    ("Einsum", "einsum_str"): "None is a problem that construct reports",
    ("Dense", "dot_general"): "None is jax.lax.dot_general",
    ("Conv", "conv_general_dilated"): "None is jax.lax.conv_general_dilated",
    **{(name, "carry_init"): "None is zeros" for name in ("LSTMCell", "OptimizedLSTMCell", "SimpleCell", "GRUCell")},
}


def parameters(function):
    """Parameters by name, without self and what the Linen machinery adds."""
    found = inspect.signature(function).parameters
    return {name: p for name, p in found.items() if name not in ("self", "parent", "name")}


def by_layer(layers):
    return pytest.mark.parametrize("layer", layers, ids=lambda layer: layer.linen)


def test_every_linen_layer_is_listed():
    classes = {name for name, value in vars(nn).items() if inspect.isclass(value) and issubclass(value, nn.Module)}
    assert set(LAYERS) == classes - {"Module", "RNNCellBase"} | {"BatchApply"}  # which is a plain class


@by_layer(LAYERS.values())
def test_linen_constructor(layer):
    found = parameters(getattr(nn, layer.linen))
    assert layer.linen_args == tuple(found)
    assert layer.required == tuple(name for name, p in found.items() if p.default is Kind.empty)
    assert {*layer.renames, *layer.dropped, *layer.holds} <= set(found)


@by_layer(TWINS)
def test_nnx_constructor(layer):
    found = parameters(getattr(nnx, layer.nnx).__init__)
    if layer.linen == "Sequential":
        assert [p.kind for p in found.values()] == [Kind.VAR_POSITIONAL]
        return
    for name in layer.linen_args:
        twin = layer.renames.get(name, name)
        assert (twin in found) != (name in layer.dropped) or (layer.linen, name) in SAME_NAME_OTHER_MEANING, name
    passed = {layer.renames.get(name, name) for name in layer.linen_args if name not in layer.dropped}
    needed = {name for name, p in found.items() if p.default is Kind.empty}
    assert needed <= {*layer.sizes, *passed, *(["rngs"] if layer.rngs else [])}
    assert {*layer.sizes, *layer.extra_sizes, *layer.always} <= set(found)
    assert not layer.rngs or "rngs" in found
    assert layer.leading == tuple(found)[:len(layer.leading)]


@by_layer(TWINS)
def test_defaults(layer):
    linen = parameters(getattr(nn, layer.linen))
    twins = parameters(getattr(nnx, layer.nnx).__init__)
    differing = {
        name
        for name, p in linen.items()
        if name not in layer.dropped and layer.renames.get(name, name) in twins
        and p.default is not Kind.empty and not same(p.default, twins[layer.renames.get(name, name)].default)
    }
    explained = {name for linen_name, name in DEFAULTS if linen_name == layer.linen}
    assert differing == explained | set(layer.always)


def same(linen, twin):
    """Whether two defaults are equal, for functions by what they return."""
    if linen is twin or (not callable(linen) and linen == twin):
        return True
    if not (callable(linen) and callable(twin)) or isinstance(linen, type):
        return False
    for arguments in [(jax.random.key(0), (3, 4), np.dtype("float32")), (np.ones((2, 3)), np.zeros((2, 3)))]:
        try:
            return bool(np.array_equal(linen(*arguments), twin(*arguments)))
        except TypeError:
            continue
    return False


@by_layer(LAYERS.values())
def test_linen_call(layer):
    found = parameters(getattr(nn, layer.linen).__call__)
    if any(p.kind is Kind.VAR_POSITIONAL for p in found.values()):
        assert layer.call_args == ()
        return
    assert layer.call_args == tuple(name for name, p in found.items() if p.kind is Kind.POSITIONAL_OR_KEYWORD)
    assert {*layer.call_renames, *layer.call_keyword_only, *layer.call_dropped} <= set(found)
    assert layer.sized_by in (*layer.call_args, "")


@by_layer([layer for layer in TWINS if layer.call_args])
def test_nnx_call(layer):
    linen = parameters(getattr(nn, layer.linen).__call__)
    twins = parameters(getattr(nnx, layer.nnx).__call__)
    places = [name for name, p in twins.items() if p.kind is Kind.POSITIONAL_OR_KEYWORD]
    for index, (name, parameter) in enumerate(linen.items()):
        twin = layer.call_renames.get(name, name)
        if name in layer.call_dropped:
            assert twin not in twins
            continue
        by_position = parameter.kind is Kind.POSITIONAL_OR_KEYWORD and places[index:index + 1] == [twin]
        assert twin in twins
        assert by_position != (name in layer.call_keyword_only), name
    assert all(p.default is not Kind.empty for name, p in twins.items() if name not in linen)
