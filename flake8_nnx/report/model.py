"""What a report says, as data: classes with their state, files, the ordered plan, and what is not known.

The JSON form is published as `docs/schemas/report.json`; every other output is made of the same model.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from flake8_nnx import __version__

SCHEMA_VERSION = 1
State = Literal["nnx", "verified", "automatic", "review", "manual"]
STATES: Mapping[State, str] = {
    "nnx": "NNX already",
    "verified": "automatic, and verified",
    "automatic": "automatic, not verified",
    "review": "automatic, to be looked at",
    "manual": "by hand",
}
DONE: tuple[State, ...] = ("nnx",)


@dataclass(frozen=True)
class Issue:
    """One finding of the linter; lines and columns count from 1."""

    line: int
    column: int
    end_line: int
    end_column: int
    code: str
    message: str


@dataclass(frozen=True)
class ClassEntry:
    """One module class.

    Attributes:
        blockers: why it is not rewritten, or what to look at; each with its line.
        depends: ids of the classes that it constructs or derives from, those of this code base only.
        verdict: `{"status", "reason", "platforms"}` of the store, if one holds for the class as it is.
        proposed: the NNX text that `flake8-nnx migrate` writes for it, `""` where it writes none.
        minutes: the estimate of what is left to do, see `effort`.
    """

    file: str
    name: str
    line: int
    end_line: int
    state: State
    blockers: tuple[str, ...] = ()
    depends: tuple[str, ...] = ()
    verdict: Mapping[str, Any] | None = None
    source: str = ""
    proposed: str = ""
    codes: Mapping[str, int] = field(default_factory=dict)
    minutes: int = 0

    @property
    def id(self) -> str:
        return f"{self.file}::{self.name}"

    @property
    def lines(self) -> int:
        return self.end_line - self.line + 1


@dataclass(frozen=True)
class FileEntry:
    """One file that has module classes or findings."""

    path: str
    package: str
    owners: tuple[str, ...]
    lines: int
    classes: tuple[ClassEntry, ...]
    findings: tuple[Issue, ...]
    minutes: int = 0  # of the code around the classes


@dataclass(frozen=True)
class Step:
    """Classes to migrate together: one, or all of a cycle.

    Attributes:
        bridge: classes that use them and are still Linen then: those wrap them with `nnx.bridge.ToLinen` meanwhile.
    """

    number: int
    classes: tuple[str, ...]
    bridge: tuple[str, ...]
    minutes: int

    @property
    def cycle(self) -> bool:
        return len(self.classes) > 1


@dataclass(frozen=True)
class Report:
    """A whole code base; `partial` when the run was interrupted."""

    roots: tuple[str, ...]
    files: tuple[FileEntry, ...]
    steps: tuple[Step, ...]
    errors: tuple[str, ...] = ()
    scanned: int = 0
    partial: bool = False

    @property
    def classes(self) -> Iterator[ClassEntry]:
        return (entry for file in self.files for entry in file.classes)

    def summary(self) -> dict[str, Any]:
        """The figures of the overview; `ready` is the share of classes that are NNX or automatic, in percent."""
        count = Counter(entry.state for entry in self.classes)
        total = sum(count.values())
        by_hand = count["manual"] + count["review"]
        linen = total - count["nnx"]
        families = Counter(f"{issue.code[:4]}xx" for file in self.files for issue in file.findings)
        return {
            "classes": total,
            "states": {state: count[state] for state in STATES},
            "ready": percent(total - by_hand, total),
            "done": percent(count["nnx"], total),
            "verified": percent(count["verified"], linen),
            "findings": sum(families.values()),
            "families": dict(sorted(families.items())),
            "minutes": sum(entry.minutes for entry in self.classes) + sum(file.minutes for file in self.files),
            "unread": len(self.errors),
        }

    def to_json(self) -> dict[str, Any]:
        """The published form, without source texts."""
        return {
            "tool": "flake8-nnx",
            "version": __version__,
            "schema_version": SCHEMA_VERSION,
            "partial": self.partial,
            "roots": list(self.roots),
            "scanned": self.scanned,
            "summary": self.summary(),
            "files": [_file_json(file) for file in self.files],
            "steps": [
                {
                    "number": step.number,
                    "classes": list(step.classes),
                    "cycle": step.cycle,
                    "bridge": list(step.bridge),
                    "minutes": step.minutes,
                }
                for step in self.steps
            ],
            "errors": list(self.errors),
        }


def percent(part: int, whole: int) -> float:
    """To one digit; everything of nothing is 100."""
    return round(100 * part / whole, 1) if whole else 100.0


def packages(files: Sequence[FileEntry]) -> dict[str, Counter[State]]:
    """States of the classes of each package."""
    found: dict[str, Counter[State]] = {}
    for file in files:
        for entry in file.classes:
            found.setdefault(file.package, Counter())[entry.state] += 1
    return found


def _file_json(file: FileEntry) -> dict[str, Any]:
    return {
        "path": file.path,
        "package": file.package,
        "owners": list(file.owners),
        "lines": file.lines,
        "minutes": file.minutes,
        "classes": [
            {
                "id": entry.id,
                "name": entry.name,
                "line": entry.line,
                "lines": entry.lines,
                "state": entry.state,
                "blockers": list(entry.blockers),
                "depends": list(entry.depends),
                "verdict": dict(entry.verdict) if entry.verdict else None,
                "findings": dict(entry.codes),
                "minutes": entry.minutes,
            }
            for entry in file.classes
        ],
        "findings": [vars(issue) for issue in file.findings],
    }
