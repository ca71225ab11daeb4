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
        between = {name for line in lines[start:late] for name in line.names}
        if lines[late].level or late + 1 < len(lines) and lines[late + 1].level or _words(lines[late]) & between:
            name = lines[late].names[0]
            planner.refuse(lines[late].node or planner.cls.node, f"`{name}` is set after what needs it", "set it first")
            return
        lines.insert(start, lines.pop(late))
        place = start


def _set_later(lines: list[Line], place: int, name: str) -> int | None:
    """The line that first sets an attribute, where that comes after the one that reads it."""
    first = next((i for i, line in enumerate(lines) if name in line.names), None)
    return first if first is not None and first > place else None


def _read(line: Line) -> list[str]:
    return [name for name in ATTRIBUTE.findall(line.text) if name not in line.names]


def _words(line: Line) -> set[str]:
    return {*ATTRIBUTE.findall(line.text), *re.findall(r"(?<![\w.])\w+", line.text)} - {*line.names}
