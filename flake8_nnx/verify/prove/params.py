"""Parameters of JAX equations as hashable data that is equal only when the parameters mean the same.

Anything whose meaning is not known here, above all functions, is refused: equal spelling would prove nothing.
"""
from __future__ import annotations

import enum
import hashlib
import struct
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from flake8_nnx.verify.prove.table import Dim, Refuse, Shape

NO_VALUE = frozenset({"sharding", "out_sharding", "weak_type"})
"""Parameters that place a value or guide promotion, but do not change its elements."""


def dim(size: Any) -> Dim:
    """A dimension: an integer, or the canonical spelling of a symbolic size (one scope per proof)."""
    return int(size) if isinstance(size, (int, np.integer)) else str(size)


def shape(sizes: Any) -> Shape:
    return tuple(dim(size) for size in sizes)


def normal(value: Any, jaxpr: Callable[[Any], Hashable]) -> Hashable:
    """A parameter as hashable data; `jaxpr` says what a nested program becomes.

    Raises:
        Refuse: the kind of value is unknown.
    """
    if value is None or isinstance(value, (bool, str, bytes)):
        return value
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return ("float", struct.pack("<d", float(value)))
    if isinstance(value, enum.Enum):
        return (type(value).__name__, value.name)
    if is_jaxpr(value):
        return jaxpr(value)
    kind = type(value).__name__
    if kind == "PRNGImpl":  # a tuple of functions, registered under its name
        return ("prng", value.name)
    if isinstance(value, (tuple, list)):
        return (kind if hasattr(value, "_fields") else "tuple", *(normal(item, jaxpr) for item in value))
    if isinstance(value, dict):
        items = sorted(value.items(), key=lambda item: str(item[0]))
        return ("dict", *((normal(k, jaxpr), normal(v, jaxpr)) for k, v in items))
    if isinstance(value, np.ndarray) and value.dtype != object:
        return ("array", *array(value))
    if isinstance(value, np.dtype) or _is_scalar_type(value):
        return ("dtype", str(np.dtype(value)))
    if kind == "_DimExpr":
        return ("size", str(value))
    if kind == "Primitive":
        return ("operation", value.name)
    if kind == "KeyTy":
        return ("dtype", str(value))
    if kind in _DATACLASSES and hasattr(value, "__dataclass_fields__"):
        return (kind, *((name, normal(getattr(value, name), jaxpr)) for name in value.__dataclass_fields__))
    raise Refuse(f"an equation has a parameter of the unknown kind {kind}")


_DATACLASSES = frozenset({"ConvDimensionNumbers", "GatherDimensionNumbers", "ScatterDimensionNumbers", "DotAlgorithm"})


def array(value: np.ndarray[Any, Any]) -> tuple[str, Shape, bytes]:
    """An array of constants by dtype, shape and its bytes, or a digest of many."""
    data = np.ascontiguousarray(value).tobytes()
    return str(value.dtype), shape(value.shape), data if len(data) <= 64 else hashlib.sha256(data).digest()


def is_jaxpr(value: Any) -> bool:
    return type(value).__name__ in ("Jaxpr", "ClosedJaxpr") and (hasattr(value, "eqns") or hasattr(value, "jaxpr"))


def _is_scalar_type(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, np.generic) or type(value).__name__ == "_ScalarMeta"
