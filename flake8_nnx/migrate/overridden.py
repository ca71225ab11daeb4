"""Attributes that hold a function first, and a layer where a branch makes one: `self.proj = identity` before an `if`.

NNX decides by the first value whether an attribute holds variables: the function goes into the other branch.
"""
from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flake8_nnx.migrate.model import Line

if TYPE_CHECKING:
    from flake8_nnx.migrate.plan import Planner


def layers_first(planner: Planner) -> None:
    """Moves such lines; refused where the layer is not made in a branch of its own."""
    lines = planner.plan.init
    layers = {f"self.{site.attribute}": site for site in planner.trace.sites if site.attribute and site.ref is not None}
    for line in [line for line in lines if line.level == 0 and line.names and line.names[0] in layers]:
        name, place = line.names[0], lines.index(line)
        made = next((i for i in range(place + 1, len(lines)) if _sets(lines[i], name)), None)
        if made is None or "nnx.data(" in line.text:
            continue
        above = next(i for i in range(made, -1, -1) if lines[i].level == 0)
        end = next((i for i in range(made, len(lines)) if lines[i].level == 0), len(lines))
        other = end < len(lines) and lines[end].text == "else:"
        read = any(re.search(rf"{re.escape(name)}\b", between.text) for between in lines[place + 1 : made])
        if lines[made].level != 1 or not lines[above].text.startswith("if ") or other or read:
            reason = f"`{name}` holds `{line.text.partition(' = ')[2]}` before it holds a layer"
            planner.refuse(layers[name].call, reason, "set it in the other branch")
            return
        lines[end:end] = [Line(0, "else:"), Line(1, line.text, (), line.node)]
        del lines[place]


def _sets(line: Line, name: str) -> bool:
    return line.text.startswith((f"{name} = ", f"{name}: "))
