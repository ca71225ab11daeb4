"""Names, transforms and helpers of the catalogue against the installed flax: a drift of any signature fails here."""
from __future__ import annotations

import importlib
import inspect
import types

import pytest

from flake8_nnx.catalog.moved import MOVED
from flake8_nnx.catalog.names import INNER, NAMES
from flake8_nnx.catalog.sharding import ALIASES, HELPERS
from flake8_nnx.catalog.transforms import TRANSFORMS

pytestmark = pytest.mark.jax
LINEN = "flax.linen"
# NNX functions that take anything.
OPEN = {"nnx.Param", "nnx.Variable"}
# In NNX these are arguments of the function that grad returns, not of grad.
LATER = {"primals"}


def found(dotted: str):
    """The object with this dotted name; `nnx.` stands for `flax.nnx.`."""
    name = f"flax.{dotted}" if dotted.startswith("nnx.") else dotted
    parts = name.split(".")
    for end in range(len(parts) - 1, 0, -1):
        try:
            value = importlib.import_module(".".join(parts[:end]))
        except ImportError:
            continue
        for part in parts[end:]:
            value = getattr(value, part)
        return value
    raise LookupError(dotted)


def parameters(dotted: str) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(found(dotted)).parameters)


def test_names_are_those_of_flax():
    """Modules of flax.linen that become attributes only when someone imports them are left out."""
    linen = found(LINEN)
    public = {name for name in dir(linen) if name[0] != "_"}
    lazy = {name for name in public if isinstance(getattr(linen, name), types.ModuleType)} - set(NAMES)
    assert public - lazy == set(NAMES)
    assert lazy <= {"partitioning", "experimental"}


@pytest.mark.parametrize("name", [name for name in NAMES.values() if name.nnx], ids=lambda name: name.linen)
def test_twin_exists(name):
    twin, linen = found(name.nnx), found(f"{LINEN}.{name.linen}")
    assert callable(twin) == callable(linen) or name.linen == "initializers"


@pytest.mark.parametrize("name", [name.linen for name in NAMES.values() if name.fate == "none"])
def test_what_has_no_twin_is_not_in_nnx(name):
    """Where NNX has the same name after all, it is another thing."""
    import flax.nnx as nnx

    others = {"compact", "init", "remat_scan"}
    assert not hasattr(nnx, name) or name in others


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=lambda t: t.linen)
def test_transform(transform):
    linen = parameters(f"{LINEN}.{transform.linen}")
    assert transform.args == tuple(linen)
    rest = [name for name, parameter in linen.items() if parameter.kind is inspect.Parameter.VAR_POSITIONAL]
    assert rest == ([transform.variadic] if transform.variadic else [])
    assert {*transform.renames, *transform.dropped, *transform.neutrals} <= set(linen)
    if not transform.nnx:
        assert set(transform.dropped) == set(linen)
        return
    twin = parameters(transform.nnx)
    for name in linen:
        if name in transform.dropped:
            assert name not in twin or name in LATER, name
        else:
            assert transform.renames.get(name, name) in twin or name == "operands" and "operands" in twin, name


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=lambda t: t.linen)
def test_defaults_of_options_are_left_out(transform):
    for name, parameter in parameters(f"{LINEN}.{transform.linen}").items():
        advice = transform.dropped.get(name, "kept")
        plain = parameter.default is None or type(parameter.default) in (bool, int, str, tuple)
        if advice and plain and name not in ("in_axes", "out_axes"):
            assert repr(parameter.default) in transform.neutral(name), name


@pytest.mark.parametrize("helper", HELPERS.values(), ids=lambda h: h.linen)
def test_helper(helper):
    linen = parameters(f"{helper.home}.{helper.linen}")
    linen.pop("self", None)
    assert helper.args == tuple(linen)
    if not helper.nnx or helper.nnx in OPEN or helper.linen.endswith("_with_axes"):
        return
    twin = parameters(helper.nnx)
    kept = [helper.renames.get(name, name) for name in linen if name not in helper.dropped]
    keywords = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in twin.values())
    assert [name for name in kept if name not in twin] == (["sharding_rules"] if keywords and "rules" in helper.args else [])
    assert not set(helper.dropped) & set(twin)
    assert [name for name in twin if name in kept][:2] == [name for name in kept if name in twin][:2]


@pytest.mark.parametrize("alias", ALIASES)
def test_alias_is_the_same_object(alias):
    assert found(alias) is found(f"{LINEN}.{ALIASES[alias]}")


@pytest.mark.parametrize("name", MOVED)
def test_moved(name):
    moved = MOVED[name]
    linen = found(f"{LINEN}.dtypes.{name}" if name in INNER else f"{LINEN}.{name}")
    assert callable(linen)
    if moved.args:
        own, twin = inspect.signature(linen).parameters, inspect.signature(found(moved.nnx)).parameters
        assert tuple(own)[: len(moved.args)] == moved.args
        assert not set(moved.dropped) & set(twin) and set(moved.dropped) <= set(own)
        assert {*moved.args} - {*moved.dropped} <= set(twin)


def test_names_that_moved_are_missing_in_nnx():
    import flax.nnx as nnx

    there = {"Variable", "dot_product_attention"}
    assert {name for name in MOVED if hasattr(nnx, name)} == there
