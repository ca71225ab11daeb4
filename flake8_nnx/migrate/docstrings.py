"""Sections of docstrings: `Attributes:` of a class, of which what becomes a parameter goes to the `Args:` of `__init__`.

Works on the text in its quotes as it stands in the file; what is not understood stays where it is.
"""
from __future__ import annotations

import inspect
import re
from collections.abc import Collection

QUOTED = re.compile(r"(?P<open>[rR]?(?P<quotes>\"\"\"|'''))(?P<text>.*)(?P=quotes)\Z", re.DOTALL)
ENTRY = re.compile(r"(\w+)(?: \([^)]*\))?: *\S")  # `name: text` or `name (type): text`


def without_attributes(raw: str, names: Collection[str], section: str = "Attributes:") -> tuple[str, list[str]]:
    """The docstring without the attributes of these names, and what it said about each, from the name on."""
    quoted = QUOTED.match(raw)
    if quoted is None or "\\" in raw and raw[0] not in "rR":
        return raw, []
    newline = "\r\n" if "\r\n" in raw else "\n"
    lines = quoted["text"].split(newline)
    header = next((place for place, line in enumerate(lines) if line.strip() == section), None)
    if header is None or not lines[-1].strip() == "":
        return raw, []
    last = len(lines) - 1  # the line of the closing quotes
    end = next((i for i in range(header + 1, last) if lines[i].strip() and not _deeper(lines[i], lines[header])), last)
    entries = _entries(lines[header + 1:end])
    heads = [ENTRY.match(entry[0].strip()) for entry in entries]
    if not all(heads):
        return raw, []
    moving = [head is not None and head[1] in names for head in heads]
    said = [inspect.cleandoc("\n".join(entry)) for entry, moves in zip(entries, moving) if moves]
    if not said or any('"""' in text for text in said):
        return raw, []
    staying = [line for entry, moves in zip(entries, moving) if not moves for line in entry]
    above = [*lines[: header + 1], *_ended(staying)] if staying else _ended(lines[:header])
    below = lines[end:last]
    kept = [*above, *([""] if above and below and above[-1].strip() else []), *below]
    closing = [] if len(kept) <= 1 else [lines[last]]
    return quoted["open"] + newline.join([*kept, *closing]) + quoted["quotes"], said


def _entries(lines: list[str]) -> list[list[str]]:
    """Lines by entry: those of one are deeper than the first one of the section."""
    found: list[list[str]] = []
    for line in lines:
        if found and (not line.strip() or _deeper(line, found[0][0])):
            found[-1].append(line)
        elif line.strip():
            found.append([line])
    return found


def _deeper(line: str, other: str) -> bool:
    return len(line) - len(line.lstrip()) > len(other) - len(other.lstrip())


def _ended(lines: list[str]) -> list[str]:
    """Without blank lines at the end."""
    last = max((place for place, line in enumerate(lines) if line.strip()), default=-1)
    return lines[: last + 1]
