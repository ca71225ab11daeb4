"""Shape strings such as `f32[2,7,16]`, `f32[b,7,16]` or `i32[b,t]<vocab`: a dtype, sizes or their names, and a bound.

Importing this file loads neither jax nor numpy.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

DTYPES = {
    "f16": "float16", "f32": "float32", "f64": "float64", "bf16": "bfloat16", "i8": "int8", "i16": "int16",
    "i32": "int32", "i64": "int64", "u8": "uint8", "u16": "uint16", "u32": "uint32", "bool": "bool_",
    "c64": "complex64",
}  # fmt: skip
SHAPE = re.compile(r"(?P<dtype>[a-z]+\d*)\[(?P<dims>[^\]]*)\](?:<(?P<below>\w+))?")
LOOKS_LIKE_A_SHAPE = re.compile(r"[A-Za-z]\w*\[")
# Two samples show a batch axis; the other named axes get sizes of their own, so that no two can be mistaken for each other.
BATCH_NAMES, BATCH_SIZE = ("b", "batch", "batch_size", "n"), 2
SIZES = (3, 5, 7, 11, 13, 17, 19, 23)


@dataclass(frozen=True)
class ShapeSpec:
    """A parsed shape string; names in `dims` are axes of any size, `below` bounds integers (a name: a field of the module)."""

    dtype: str
    dims: tuple[int | str, ...]
    below: int | str | None = None

    @property
    def axes(self) -> tuple[str | None, ...]:
        """The name of every axis, None for those of fixed size."""
        return tuple(dim if isinstance(dim, str) else None for dim in self.dims)

    def shape(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        return tuple(sizes[dim] if isinstance(dim, str) else dim for dim in self.dims)


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
    dims: list[int | str] = []
    position = match.start("dims")
    for part in match["dims"].split(",") if match["dims"].strip() else []:
        name = part.strip()
        if not name.isdigit() and not name.isidentifier():
            raise ValueError(f"{text!r}: size {name!r} at position {position} is neither a number nor a name")
        dims.append(int(name) if name.isdigit() else name)
        position += len(part) + 1
    below = match["below"]
    if below and not (below.isdigit() or below.isidentifier()) or below == "0":
        raise ValueError(f"{text!r}: there are no integers below {below} at position {match.start('below')}")
    return ShapeSpec(match["dtype"], tuple(dims), int(below) if below and below.isdigit() else below)


def _good_prefix(text: str) -> str:
    match = re.match(r"[a-z]+\d*(\[[^\]]*\]?)?", text)
    return match.group(0) if match else ""


class NamedSizes(Mapping[str, int]):
    """The concrete size of every axis name of a case, chosen when it is first asked for; and bounds by name."""

    def __init__(self, field: Callable[[str], object] = lambda name: None, batch: int = BATCH_SIZE) -> None:
        self._sizes: dict[str, int] = {}
        self._field, self._batch = field, batch

    def __getitem__(self, name: str) -> int:
        if name not in self._sizes:
            free = [size for size in SIZES if size not in self._sizes.values()]
            self._sizes[name] = self._batch if name in BATCH_NAMES else free[0] if free else 29 + len(self._sizes)
        return self._sizes[name]

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self._sizes)

    def __len__(self) -> int:
        return len(self._sizes)

    def bound(self, spec: ShapeSpec) -> int | None:
        """The bound of integers as a number.

        Raises:
            ValueError: it is a name that the module has no integer field for.
        """
        if spec.below is None or isinstance(spec.below, int):
            return spec.below
        value = self._field(spec.below)
        if not isinstance(value, int):
            raise ValueError(f"the bound <{spec.below} is no integer field of the module; write a number")
        return value
