"""Arguments of a call without their values: nodes of lists and strings that JSON can hold, and cheap keys for them.

An array is `["array", "f32", shape, below]`, a constant `["value", 3]`, a container `["tuple", [...]]`, `["list", [...]]` or
`["dict", [[key, node], ...]]`.
"""
from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flake8_nnx.record.spell import Unspellable, what

Node = list[Any]
WITHOUT_X64 = {"float64": "float32", "int64": "int32", "uint64": "uint32", "complex128": "complex64"}
# As shape strings have them.
SHORT = {
    "float16": "f16", "float32": "f32", "float64": "f64", "bfloat16": "bf16", "int8": "i8", "int16": "i16", "int32": "i32",
    "int64": "i64", "uint8": "u8", "uint16": "u16", "uint32": "u32", "bool": "bool", "complex64": "c64",
}  # fmt: skip
# Values of integer inputs are looked at only up to this size, and never under jit, where there are none.
LARGEST_LOOK = 1 << 22


def describe(value: Any, bound: Callable[[tuple[int, ...]], int | None], name: str = "") -> Node:
    """The node of an argument.

    Args:
        bound: the size of the embedding table that integers of a shape are looked up in, if any.
        name: the parameter that gets it; raw keys (uint32[2]) are told from arrays by it.

    Raises:
        Unspellable: a value that is neither an array nor a constant nor a tuple, list or dict of such.
    """
    kind = type(value)
    if kind in (type(None), bool, int, float, str):
        return ["value", value]
    if hasattr(kind, "__dataclass_fields__"):  # asking a module for an attribute may run its setup
        raise Unspellable(what(value))
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return _array(value, bound, name)
    if kind in (tuple, list):
        return [kind.__name__, [describe(item, bound, name) for item in value]]
    if kind is dict or kind.__name__ == "FrozenDict":
        if not all(isinstance(key, str) for key in value):
            raise Unspellable("a dict with keys that are no strings")
        return ["dict", [[key, describe(item, bound, key)] for key, item in value.items()]]
    raise Unspellable(what(value))


def _array(value: Any, bound: Callable[[tuple[int, ...]], int | None], name: str) -> Node:
    dtype, shape = str(value.dtype), [int(size) for size in value.shape]
    if dtype.startswith("key<"):
        if shape:
            raise Unspellable(f"an array of {shape[0]} random keys")
        return ["array", "key", [], None]
    if dtype == "uint32" and shape == [2] and any(word in name.lower() for word in ("key", "rng", "seed")):
        return ["array", "key", [], None]
    if not sys.modules["jax"].config.jax_enable_x64:
        dtype = WITHOUT_X64.get(dtype, dtype)
    if dtype not in SHORT:
        raise Unspellable(f"an array of {dtype}")
    below = (bound(tuple(shape)) or _largest(value)) if "int" in dtype else None
    return ["array", SHORT[dtype], shape, below]


def _largest(value: Any) -> int | None:
    """One more than the largest of integers that are there, None for others."""
    if isinstance(value, sys.modules["jax"].core.Tracer) or not hasattr(value, "max") or not 0 < value.size <= LARGEST_LOOK:
        return None
    numbers = sys.modules["numpy"].asarray(value)
    return int(numbers.max()) + 1 if numbers.min() >= 0 else None


ATOMS = {type(None), bool, int, float, str}
CONTAINERS = {tuple, list}


def key(value: Any) -> Any:
    """A hashable that is equal for arguments and fields which need no second record; holds neither arrays nor tracers."""
    kind = type(value)
    if kind in ATOMS:
        return (kind, value)
    if kind in CONTAINERS:
        return (kind, *map(key, value))
    if hasattr(kind, "__dataclass_fields__"):  # asking a module for an attribute may run its setup
        own = getattr(value, "__dict__", {})
        return (kind, *(key(own.get(name)) for name in kind.__dataclass_fields__ if name not in ("parent", "name")))
    try:
        return (value.shape, value.dtype)
    except AttributeError:
        pass
    if isinstance(value, Mapping):
        return (kind, *((name, key(item)) for name, item in value.items()))
    return id(value)  # a function or a dtype: the same object at every call, and a new one costs a record at most


def arrays(node: Node) -> Iterator[Node]:
    """The array nodes inside a node, in order."""
    if node[0] == "array":
        yield node
    elif node[0] == "dict":
        for _, item in node[1]:
            yield from arrays(item)
    elif node[0] in ("tuple", "list"):
        for item in node[1]:
            yield from arrays(item)
