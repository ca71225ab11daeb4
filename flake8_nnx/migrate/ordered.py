"""The order of the lines of `__init__`: in setup a layer may stand before the value that its size is made of.

Linen makes layers when they first run, NNX where they stand: such a value is set before the layer.
"""
from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flake8_nnx.migrate.model import Line
    from flake8_nnx.migrate.plan import Planner

ATTRIBUTE = re.compile(r"\bself\.\w+")
LAYER = re.compile(r"(self\.\w+)(: [^=]+)? = ")


def values_first(planner: Planner) -> None:
    """Moves lines up that set what a line above them reads; refused where they need what stands between."""
    lines = planner.plan.init
    place = 0
    while place < len(lines):
        late = next((i for name in _read(lines[place]) if (i := _set_later(lines, place, name)) is not None), None)
        if late is None:
            place += 1
            continue
        start = next(i for i in range(place, -1, -1) if lines[i].level == 0 and lines[i].text != "else:")
        between = {name for line in lines[start:late] for name in _set_by(line)}
        if lines[late].level or late + 1 < len(lines) and lines[late + 1].level or _words(lines[late]) & between:
            name = min(_set_by(lines[late]))
            planner.refuse(lines[late].node or planner.cls.node, f"`{name}` is set after what needs it", "set it first")
            return
        lines.insert(start, lines.pop(late))
        place = start


def _set_later(lines: list[Line], place: int, name: str) -> int | None:
    """The line that first sets an attribute, where that comes after the one that reads it."""
    first = next((i for i, line in enumerate(lines) if name in _set_by(line)), None)
    return first if first is not None and first > place else None


def _set_by(line: Line) -> set[str]:
    """What a line gives a value: a layer is always needed, so that its line has no names."""
    layer = LAYER.match(line.text)
    return {*line.names, *([layer.group(1)] if layer is not None else [])}


def _read(line: Line) -> list[str]:
    return [name for name in ATTRIBUTE.findall(line.text) if name not in _set_by(line)]


def _words(line: Line) -> set[str]:
    return {*ATTRIBUTE.findall(line.text), *re.findall(r"(?<![\w.])\w+", line.text)} - _set_by(line)
