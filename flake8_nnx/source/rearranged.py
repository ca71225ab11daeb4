"""What `einops` does to shapes: `rearrange(x, "b (h d) -> b h d", h=4)` tells the rank of x, and the sizes of what comes out."""
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flake8_nnx.source.sizes import Size, floor_divide, product
from flake8_nnx.source.values import Array, Static, Unknown, array_of, size_of

FUNCTIONS = frozenset({"einops.rearrange", "einops.repeat", "einops.reduce"})
REST = ["..."]
TOKEN = re.compile(r"\(([^()]*)\)|(\.\.\.|\w+)")


def rearranged(array: Any, pattern: Any, keywords: Mapping[str, Any]) -> Any:
    """The output of an einops function for this input, as far as the pattern is written out."""
    text = pattern.text if isinstance(pattern, Static) else ""
    before, arrow, after = text.strip("'\"").partition("->")
    if not isinstance(array, Array) or not arrow or text[:1] not in "'\"":
        return Unknown()
    left, right = axes_of(before), axes_of(after)
    if left.count(REST) > 1 or REST in left[1:] and array.rank is None and left.index(REST) != 0:
        return Unknown()
    sizes: dict[str, Size] = {name: size_of(value) for name, value in keywords.items()}
    for names, size in zip(left, sizes_of(array, left)):
        unknown = [name for name in names if name not in sizes and not name.isdigit()]
        if len(unknown) == 1 and names != REST:
            sizes[unknown[0]] = divided(size, [number(name, sizes) for name in names if name != unknown[0]])
    found = [product_of([number(name, sizes) for name in names]) for names in right if names != REST]
    if REST not in right:
        return array_of(found)
    last = len(right) - right.index(REST) - 1
    return Array(None, {last - i: size for i, size in enumerate(found[len(found) - last:])}) if last else Unknown()


def axes_of(text: str) -> list[list[str]]:
    """`b (h d)` as [["b"], ["h", "d"]]."""
    return [group.split() if name == "" else [name] for group, name in TOKEN.findall(text)]


def sizes_of(array: Array, left: list[list[str]]) -> list[Size]:
    """The sizes of the axes that the left side of a pattern names, None for the rest."""
    count = len(left)
    if REST not in left:
        return [array.size(count - i) for i in range(count)]
    place = left.index(REST)
    dims = array.dims() or []
    first = dims[:place] if len(dims) >= count - 1 else [None] * place
    return [*first, None, *(array.size(count - i) for i in range(place + 1, count))]


def number(name: str, sizes: Mapping[str, Size]) -> Size:
    return int(name) if name.isdigit() else sizes.get(name)


def divided(size: Size, others: list[Size]) -> Size:
    if not others:
        return size
    return None if size is None or None in others else floor_divide(size, product(others))


def product_of(sizes: list[Size]) -> Size:
    return None if None in sizes else sizes[0] if len(sizes) == 1 else product(sizes) if sizes else 1
