"""Arrays for shape strings and weights: deterministic, never zero, never all alike."""
from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from flake8_nnx.verify.shapes import DTYPES, NamedSizes, ShapeSpec, parse_shape


@dataclass(frozen=True)
class Axes:
    """The axis names of one array, a leaf of a tree."""

    names: tuple[str | None, ...]


def materialise(value: Any, seed: int = 0, sizes: NamedSizes | None = None) -> Any:
    """Shape strings inside a value (tuples, lists and dicts included) become arrays.

    Raises:
        ValueError: a malformed shape string.
    """
    sizes = NamedSizes() if sizes is None else sizes
    return _replaced(value, seed, lambda spec, seed: array(spec, seed, sizes))


def axes(value: Any) -> list[tuple[str | None, ...]]:
    """The names of the axes of every array that `materialise` makes of a value, in the order of its leaves."""
    found = _replaced(value, 0, lambda spec, seed: Axes(spec.axes))
    found = jax.tree.map(lambda leaf: Axes((None,) * leaf.ndim) if is_array(leaf) else leaf, found, is_leaf=lambda x: x is None)
    return [leaf.names for leaf in jax.tree.leaves(found) if isinstance(leaf, Axes)]


def _replaced(value: Any, seed: int, make: Callable[[ShapeSpec, int], Any]) -> Any:
    if isinstance(value, str):
        spec = parse_shape(value)
        return value if spec is None else make(spec, seed)
    if isinstance(value, jax.ShapeDtypeStruct):
        return random_like(value.shape, value.dtype, seed)
    if isinstance(value, (tuple, list)):
        items = [_replaced(item, seed + 31 * (i + 1), make) for i, item in enumerate(value)]
        return like(value, items)
    if isinstance(value, dict):
        return {key: _replaced(item, seed + 37 * (i + 1), make) for i, (key, item) in enumerate(value.items())}
    return value


def like(value: Any, items: list[Any]) -> Any:
    """A tuple of the same kind, named ones included, or a list."""
    return items if isinstance(value, list) else type(value)(*items) if hasattr(value, "_fields") else tuple(items)


def array(spec: ShapeSpec, seed: int, sizes: NamedSizes) -> Any:
    """A random array of this shape."""
    if spec.dtype == "key":
        return jax.random.key(seed)
    return random_like(spec.shape(sizes), getattr(jnp, DTYPES[spec.dtype]), seed, sizes.bound(spec))


def random_like(shape: tuple[int, ...], dtype: Any, seed: int, below: int | None = None) -> jax.Array:
    """Random values of a dtype: normal for floats, below a bound for integers, both values for booleans."""
    rng = np.random.default_rng(seed + 1)
    kind = jnp.dtype(dtype)
    if kind == jnp.bool_:
        return jnp.asarray(rng.random(shape) < 0.75)
    if jnp.issubdtype(kind, jnp.integer):
        return jnp.asarray(rng.integers(0, below or 3, shape), kind)
    if jnp.issubdtype(kind, jnp.complexfloating):
        return jnp.asarray(rng.standard_normal(shape) + 1j * rng.standard_normal(shape), kind)
    return jnp.asarray(rng.standard_normal(shape).astype(kind))  # numpy converts without compiling anything


def weight(path: str, shape: tuple[int, ...], dtype: Any) -> jax.Array:
    """A value for the variable at `path`, random unless it counts: no bias is zero, no scale is one, variances are positive."""
    seed = zlib.crc32(path.encode())
    rng = np.random.default_rng(seed)
    if jnp.issubdtype(dtype, jnp.integer):  # a quantised parameter, or a counter
        return jnp.asarray(rng.integers(0, 8, shape), dtype) if path.startswith("params/") else jnp.zeros(shape, dtype)
    if not jnp.issubdtype(dtype, jnp.floating):
        return random_like(shape, dtype, seed)
    value = rng.standard_normal(shape)
    leaf = path.rsplit("/", 1)[-1]
    if leaf in ("var", "scale"):
        value = 0.5 + np.abs(value) if leaf == "var" else 1 + 0.3 * value
    elif len(shape) > 1:
        value = value / np.sqrt(np.prod(shape[:-1]))  # keeps activations near unit size
    else:
        value = 0.5 * value
    return jnp.asarray(np.asarray(value).astype(dtype))


def is_array(value: Any) -> bool:
    return isinstance(value, (jax.Array, np.ndarray))


def is_inexact(value: Any) -> bool:
    """Whether it has a gradient: an array of real or complex numbers."""
    return is_array(value) and jnp.issubdtype(value.dtype, jnp.inexact)


def is_key(value: Any) -> bool:
    return isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key)
