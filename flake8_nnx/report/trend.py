"""How a code base moved since an earlier report: by state, class by class, and what went the wrong way.

Classes are the same when their file and name are; a class that was renamed counts as one gone and one new.
"""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flake8_nnx.report.model import SCHEMA_VERSION, STATES, Report

BEST_FIRST = list(STATES)


@dataclass(frozen=True)
class Trend:
    """The difference between two reports.

    Attributes:
        states: change of the number of classes, by state.
        better, worse: `(class, state before, state now)`.
        new, gone: ids; a new class that is Linen is a regression too.
        traps: findings of silent traps (NNX8xx) that are more than there were, by file.
    """

    states: Mapping[str, int]
    ready: float
    better: tuple[tuple[str, str, str], ...]
    worse: tuple[tuple[str, str, str], ...]
    new: tuple[str, ...]
    gone: tuple[str, ...]
    new_linen: tuple[str, ...]
    traps: Mapping[str, int]

    @property
    def regressions(self) -> list[str]:
        """What went the wrong way, one line each."""
        return [
            *(f"{name} was {before} and is {now}" for name, before, now in self.worse),
            *(f"{name} is new Linen code" for name in self.new_linen),
            *(f"{path}: {number} more findings of silent traps" for path, number in self.traps.items()),
        ]

    def to_json(self) -> dict[str, Any]:
        return {
            "states": dict(self.states),
            "ready": self.ready,
            "better": [list(each) for each in self.better],
            "worse": [list(each) for each in self.worse],
            "new": list(self.new),
            "gone": list(self.gone),
            "regressions": self.regressions,
        }


def read(path: Path) -> dict[str, Any]:
    """A report that was stored with `--json`.

    Raises:
        ValueError: it cannot be read, or is none of this version.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except ValueError:
        raise ValueError(f"{path}: is no JSON") from None
    if not isinstance(found, dict) or found.get("tool") != "flake8-nnx" or "steps" not in found:
        raise ValueError(f"{path}: is no report of flake8-nnx")
    if found.get("schema_version") != SCHEMA_VERSION:
        version = found.get("schema_version")
        raise ValueError(f"{path}: has schema version {version}, this is {SCHEMA_VERSION}; make it anew")
    return found


def compare(old: Mapping[str, Any], report: Report) -> Trend:
    """What changed from an old report (see `read`) to this one."""
    now = report.to_json()
    before = _states(old["files"])
    after = _states(now["files"])
    moved = [(name, before[name], state) for name, state in after.items() if before.get(name, state) != state]
    new = tuple(name for name in after if name not in before)
    return Trend(
        states={state: now["summary"]["states"][state] - old["summary"]["states"].get(state, 0) for state in STATES},
        ready=round(now["summary"]["ready"] - old["summary"]["ready"], 1),
        better=tuple(each for each in moved if _rank(each[2]) < _rank(each[1])),
        worse=tuple(each for each in moved if _rank(each[2]) > _rank(each[1])),
        new=new,
        gone=tuple(name for name in before if name not in after),
        new_linen=tuple(name for name in new if after[name] != "nnx"),
        traps=_more_traps(old["files"], now["files"]),
    )


def _states(files: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {entry["id"]: entry["state"] for file in files for entry in file["classes"]}


def _rank(state: str) -> int:
    return BEST_FIRST.index(state) if state in BEST_FIRST else len(BEST_FIRST)  # type: ignore[arg-type]


def _more_traps(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    def traps(files: Sequence[Mapping[str, Any]]) -> dict[str, int]:
        return {file["path"]: sum(f["code"].startswith("NNX8") for f in file["findings"]) for file in files}

    before = traps(old)
    return {path: number - before.get(path, 0) for path, number in traps(new).items() if number > before.get(path, 0)}
