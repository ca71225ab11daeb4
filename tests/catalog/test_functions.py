"""Functions and collections against the installed flax."""
import ast
import inspect
import textwrap

import flax
import flax.linen as nn
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from flax.nnx import variablelib

from flake8_nnx.catalog.collections import COLLECTIONS, TAKEN, variable_type
from flake8_nnx.catalog.functions import ELSEWHERE, FUNCTIONS, PRIVATE

pytestmark = pytest.mark.jax
# Copies that differ in how they report wrong arguments only.
MASKS = np.tril(np.ones((2, 3, 3))), np.array([True, False, True])


def found(root, dotted):
    for part in dotted.split("."):
        root = getattr(root, part)
    return root


def body(function):
    """The statements of a function without its docstring and annotations."""
    node = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    statements = node.body[1:] if ast.get_docstring(node) else node.body
    return [ast.dump(statement) for statement in statements]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_same_function(name):
    linen, twin = found(nn, name), found(nnx, FUNCTIONS[name].removeprefix("nnx."))
    if linen is twin or name == "initializers":
        return
    assert inspect.signature(linen) == inspect.signature(twin)
    if name == "combine_masks":
        assert np.array_equal(linen(*[MASKS[0]] * 2, None), twin(*[MASKS[0]] * 2, None))
        assert linen(None) is twin(None) is None
    else:
        assert body(linen) == body(twin)


@pytest.mark.parametrize("name", PRIVATE)
def test_same_helper(name):
    linen, twin = found(nn.linear, name), found(nnx, PRIVATE[name].removeprefix("nnx."))
    assert list(inspect.signature(linen).parameters) == list(inspect.signature(twin).parameters)
    for given in [(3,), ([1, -1],)] if name == "_canonicalize_tuple" else [((0, -1), 3), ((-2,), 4)]:
        assert linen(*given) == twin(*given)
    assert not hasattr(nn, name)


def test_initializers_are_complete():
    names = {f"initializers.{name}" for name in vars(nn.initializers) if name[0] != "_"}
    assert names == {name for name in FUNCTIONS if name.startswith("initializers.")}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_same_object_elsewhere(name):
    assert found(nn, name) is found(flax, ELSEWHERE[name].removeprefix("flax."))
    assert not hasattr(nnx, name)


def test_functions_that_mean_something_else_are_left_out():
    others = {"dot_product_attention", "scan", "vmap", "remat", "jit", "with_partitioning", "get_sharding"}
    assert others <= set(vars(nn)) and not others & set(FUNCTIONS)
    assert inspect.signature(nn.dot_product_attention) != inspect.signature(nnx.dot_product_attention)


def test_collections_are_those_of_flax():
    registered = {name: f"nnx.{value.__name__}" for name, value in variablelib.VariableTypeCache.items()}
    assert COLLECTIONS.items() <= registered.items()
    for name in COLLECTIONS.values():
        assert issubclass(found(nnx, name.removeprefix("nnx.")), nnx.Variable)


@pytest.mark.parametrize(
    "collection, expected",
    [
        ("params", "nnx.Param"),
        ("batch_stats", "nnx.BatchStat"),
        ("counter", "Counter"),
        ("ema_params", "EmaParams"),
        ("vqVae-codes", "VqVaeCodes"),
        ("2nd", "_2nd"),
        ("", "Custom"),
        # Names that are taken.
        ("cache_", "CacheVariable"),
        ("state", "StateVariable"),
        ("opt_state", "OptStateVariable"),
        ("optimizer", "OptimizerVariable"),
        ("true", "TrueVariable"),
        ("warning", "WarningVariable"),
    ],
)
def test_variable_type(collection, expected):
    assert variable_type(collection) == expected


def test_taken_names_are_those_of_flax():
    public = {name for name in vars(nnx) if name[0].isupper()}
    assert public <= TAKEN
    assert len(TAKEN - public) <= 3, "names that no flax has"


def test_a_generated_type_is_a_variable_type():
    generated = type(variable_type("ema_params"), (nnx.Variable,), {})
    module = nnx.Module()
    module.average = generated(jnp.zeros(3))
    assert [type(v).__name__ for _, v in nnx.to_flat_state(nnx.state(module, generated))] == ["EmaParams"]
