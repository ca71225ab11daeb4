"""Cases: how to run a module, with inputs given as shape strings such as `f32[2,7,16]` or `i32[4,9]<50`.

Importing this file loads neither jax nor numpy; making arrays of the strings does.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

DTYPES = {
    "f16": "float16", "f32": "float32", "f64": "float64", "bf16": "bfloat16", "i8": "int8", "i16": "int16",
    "i32": "int32", "i64": "int64", "u8": "uint8", "u16": "uint16", "u32": "uint32", "bool": "bool_",
    "c64": "complex64",
}  # fmt: skip
SHAPE = re.compile(r"(?P<dtype>[a-z]+\d*)\[(?P<dims>[^\]]*)\](?:<(?P<below>\d+))?")
LOOKS_LIKE_A_SHAPE = re.compile(r"[A-Za-z]\w*\[")


@dataclass(frozen=True)
class Case:
    """How to run one module.

    Args:
        target: `path/to/file.py:Class` or `package.module:Class`, the Linen class this case is for.
        build: makes the Linen module.
        init: the same as text, `"Class(features=8)"`, evaluated in the Linen file.
        args, kwargs: inputs; a shape string becomes an array, everything else is passed as it is.
        train_kwargs: keywords of a second run in training mode, None for none.
        rngs: names of the random streams that the module draws from.
        mutable: collections that the call updates (default: all but params).
        method: the method to call.
        new_init: the NNX constructor call as text, `"Class(16, 8, rngs=rngs)"`, where fields and shapes do not tell it.
    """

    target: str
    build: Callable[[], Any] | None = None
    init: str | None = None
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    train_kwargs: Mapping[str, Any] | None = None
    rngs: tuple[str, ...] = ()
    mutable: tuple[str, ...] = ()
    method: str = "__call__"
    new_init: str | None = None

    @property
    def class_name(self) -> str:
        return re.split(r"::?", self.target)[-1]

    def is_for(self, path: str, class_name: str) -> bool:
        """Whether this case is for a class of the file at `path` (a dotted module name also tells a file)."""
        if self.class_name != class_name:
            return False
        place = re.split(r"::?", self.target)[0]
        stem = place.removesuffix(".py").replace("\\", "/").replace(".", "/").strip("/")
        return place == self.target or f"/{path.removesuffix('.py')}".replace("\\", "/").endswith(f"/{stem}")

    def to_json(self) -> dict[str, Any]:
        """The case without `build`, for a worker.

        Raises:
            ValueError: the case holds values that only live in this process.
        """
        if self.build is not None:
            raise ValueError(f"the case for {self.target} has a `build` function, which cannot go to another process")
        return {
            name: _packed(getattr(self, name)) for name in self.__dataclass_fields__ if name != "build"
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Case:
        """The case that `to_json` wrote."""
        return cls(**{name: _unpacked(value) for name, value in data.items()})


TUPLE, ARRAY = "(tuple)", "(array)"  # mark lists that were a tuple or an array, which JSON does not have


def _packed(value: Any) -> Any:
    if isinstance(value, tuple):
        return [TUPLE, *map(_packed, value)]
    if isinstance(value, list):
        return [_packed(item) for item in value]
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return [ARRAY, str(value.dtype), value.tolist()]
    return {key: _packed(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def _unpacked(value: Any) -> Any:
    if isinstance(value, list):
        if value[:1] == [ARRAY]:
            import jax.numpy as jnp

            return jnp.asarray(value[2], value[1])
        marked = value[:1] == [TUPLE]
        items = [_unpacked(item) for item in value[marked:]]
        return tuple(items) if marked else items
    return {key: _unpacked(item) for key, item in value.items()} if isinstance(value, Mapping) else value


@dataclass(frozen=True)
class ShapeSpec:
    """A parsed shape string; `below` bounds integers."""

    dtype: str
    dims: tuple[int, ...]
    below: int | None = None


def parse_shape(text: str) -> ShapeSpec | None:
    """The shape that a string stands for, None when it is plain text.

    Raises:
        ValueError: it is meant as a shape but malformed; says where.
    """
    text = text.strip()
    if text == "key":
        return ShapeSpec("key", ())
    if not LOOKS_LIKE_A_SHAPE.match(text):
        return None
    match = SHAPE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a shape: after `{_good_prefix(text)}` expected `[…]`, then nothing or `<bound`")
    if match["dtype"] not in DTYPES:
        raise ValueError(f"{text!r}: unknown dtype {match['dtype']!r} at position 0; known are {', '.join(DTYPES)}, key")
    dims = []
    position = match.start("dims")
    for part in match["dims"].split(",") if match["dims"].strip() else []:
        if not part.strip().isdigit():
            raise ValueError(f"{text!r}: size {part.strip()!r} at position {position} is not a number")
        dims.append(int(part))
        position += len(part) + 1
    below = int(match["below"]) if match["below"] else None
    if below == 0:
        raise ValueError(f"{text!r}: there are no integers below 0 at position {match.start('below')}")
    return ShapeSpec(match["dtype"], tuple(dims), below)


def _good_prefix(text: str) -> str:
    match = re.match(r"[a-z]+\d*(\[[^\]]*\]?)?", text)
    return match.group(0) if match else ""
