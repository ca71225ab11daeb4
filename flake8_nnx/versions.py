"""Findings for the flax that a project uses: rules speak of the newest, what an older one spells otherwise is put in its words.

The version is read from the metadata of the installed distribution; flax itself is not imported.
"""
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from flake8_nnx.rule import Finding

Version = tuple[int, int, int]
NEWEST: Version = (0, 12, 12)
OLDEST: Version = (0, 10, 0)


@dataclass(frozen=True)
class Change:
    """Something that flax has since a version: what was written before, or what a finding about it was not true of.

    Source: the wheels of flax 0.10.7, 0.11.2 and 0.12.0 to 0.12.8 (`flax/nnx/__init__.py`, `optimizer.py`, `variablelib.py`,
    `rnglib.py`).
    """

    since: Version
    pattern: str  # in the message of a finding
    before: str | None = None  # what takes its place there; None: a finding with it is not true of an older flax
    codes: str = "NNX"


CHANGES = (
    Change((0, 11, 0), r"", codes="NNX825"),  # wrt= was optional, update took the gradients alone
    Change((0, 11, 0), r"", codes="NNX815"),
    Change((0, 11, 0), r"(nnx\.Optimizer\(.*?), wrt=nnx\.Param\)", r"\1)"),
    Change((0, 11, 0), r"optimizer\.update\(model, ", "optimizer.update("),
    Change((0, 12, 0), r"", codes="NNX823"),  # plain containers could hold modules, and were the only ones
    Change((0, 12, 0), r"nnx\.List\b", "list"),
    Change((0, 12, 0), r"has no operations in place", codes="NNX813"),
    Change((0, 12, 1), r"\.value` is deprecated", codes="NNX822"),
    Change((0, 12, 2), r"", codes="NNX832"),  # annotations shard a variable when it is made
    Change((0, 12, 4), r"use `nnx\.view\([^`]*`, or (call)", r"\1", codes="NNX828"),
    Change((0, 12, 4), r", or use `nnx\.view\([^`]*`", "", codes="NNX826"),
    Change((0, 12, 6), r"\.fork\(.*` is deprecated", codes="NNX822"),
    Change((0, 12, 6), r"collect it with `nnx\.capture\(([^`]*)\)`", r"collect it with `nnx.pop(\1)` after the call"),
    Change((0, 12, 6), r"^(.*`[^`]*nnx\.capture\b.*)$", r"\1 (flax 0.12.6 or later)"),
)


def parse(text: str) -> Version:
    """`0.11` or `0.12.8`, also with a suffix such as `rc1`.

    Raises:
        ValueError: no version, or one that flax.nnx is older than.
    """
    match = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    if match is None:
        raise ValueError(f"{text!r} is no version of flax: give one like 0.11 or 0.12.8")
    found = (int(match[1]), int(match[2]), int(match[3] or 0))
    if found < OLDEST:
        raise ValueError(f"flax {text} is not supported: the advice is for {'.'.join(map(str, OLDEST))} and later")
    return found


def installed() -> Version:
    """The installed flax; the newest known where there is none, or one too old to migrate to."""
    from importlib import metadata

    try:
        return parse(metadata.version("flax"))
    except (metadata.PackageNotFoundError, ValueError):
        return NEWEST


def adapted(findings: Iterable[Finding], flax: Version) -> list[Finding]:
    """The findings as they are for a version of flax."""
    later = [change for change in CHANGES if flax < change.since]
    return [found for one in findings if (found := _before(one, later)) is not None] if later else list(findings)


def _before(found: Finding, later: Iterable[Change]) -> Finding | None:
    for change in later:
        if found.code.startswith(change.codes) and re.search(change.pattern, found.message):
            if change.before is None:
                return None
            found = replace(found, message=re.sub(change.pattern, change.before, found.message))
    return found
