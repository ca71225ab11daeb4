"""The likely cause of a difference, from the table of known differences between Linen layers and their NNX twins.

Only rows that can apply to the layer at hand, with the arguments that it has, are named.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from flake8_nnx.catalog.known_differences import Difference, differences_of
from flake8_nnx.verify.compare import Mode, linen_keys
from flake8_nnx.verify.proof import abstract_weights, named_axes
from flake8_nnx.verify.sides import LinenSide

BLAMED = re.compile(r"submodule (\S+) \(.*\): same inputs")
FULL = (None, jnp.dtype("float32"))


def likely_cause(linen: LinenSide, mode: Mode, place: str) -> str | None:
    """`known difference norm-dtype: …; remedy` for the layer that `locate` blamed, None when no row applies."""
    blamed = BLAMED.search(place)
    if blamed is None:
        return None
    module = modules(linen, mode).get(blamed[1])
    rows = [row for row in differences_of(type(module).__name__) if row.silent and applies(row, module)]
    return f"known difference {rows[0].name}: {rows[0]}" if rows else None


def modules(linen: LinenSide, mode: Mode) -> Mapping[str, Any]:
    """The modules that a call of the Linen side runs, by path."""
    seen: dict[str, Any] = {}

    def note(function: Any, args: Any, kwargs: Any, context: nn.module.InterceptorContext) -> Any:
        path = "/".join(context.module.path)
        seen.setdefault(path, context.module.copy(parent=None))
        return function(*args, **kwargs)

    arrays = mode.arguments.arrays()
    weights = abstract_weights(linen, named_axes(mode.arguments))(arrays)
    with nn.intercept_methods(note):
        jax.eval_shape(lambda w, a: linen.call(w, linen_keys(linen, 0), mode.arguments, a), weights, arrays)
    return seen


def applies(row: Difference, module: Any) -> bool:
    """Whether the arguments of a layer are those that a row is about."""
    condition = CONDITIONS.get(row.name)
    try:
        return row.condition == "always" if condition is None else bool(condition(module))
    except (AttributeError, TypeError):
        return False


def _dtype(module: Any, name: str = "dtype") -> Any:
    value = getattr(module, name, None)
    return None if value is None else jnp.dtype(value)


CONDITIONS: Mapping[str, Callable[[Any], bool]] = {
    "norm-dtype": lambda layer: _dtype(layer) not in FULL and _dtype(layer, "param_dtype") in FULL,
    "batch-norm-promotion": lambda layer: _dtype(layer, "param_dtype") not in FULL
    or not (layer.use_scale or layer.use_bias),
    "attention-fast-path": lambda layer: layer.dropout_rate == 0,
    "attention-norm-dtype": lambda layer: layer.normalize_qk and _dtype(layer) not in FULL,
    "einsum-bias": lambda layer: layer.use_bias,
    "embed-dtype": lambda layer: _dtype(layer, "param_dtype") not in FULL,
    "group-norm-axes": lambda layer: layer.reduction_axes is not None,
    "simple-cell-dtype": lambda layer: layer.dtype is None,
    "flag-defaults": lambda layer: getattr(layer, "use_running_average", getattr(layer, "deterministic", None)) is None,
}
