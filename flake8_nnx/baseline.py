"""Findings that a project already knew when it started to check: a file of them, by code and normalised line.

Lines may move and be indented otherwise; a line that is edited is new. Traps of NNX (NNX8xx) are never known.
"""
from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from flake8_nnx.lint import TRAPS
from flake8_nnx.rule import Finding

VERSION = 1
Key = tuple[str, str, str]  # path below the baseline's directory, code, line with single spaces
Linted = Iterable[tuple[Path, list[str], Finding]]  # file, its lines, finding


class Baseline:
    """The known findings, each as often as it was there."""

    def __init__(self, place: Path, known: Counter[Key] | None = None) -> None:
        self.place, self.known = place, known or Counter()

    @classmethod
    def read(cls, place: Path) -> Baseline:
        """The baseline in a file.

        Raises:
            ValueError: the file is missing, or not a baseline of this version.
        """
        try:
            content = json.loads(place.read_text(encoding="utf-8"))
            if content["version"] != VERSION:
                raise ValueError(f"its version is {content['version']}, not {VERSION}")
            known = Counter({(e["path"], e["code"], e["line"]): int(e["count"]) for e in content["findings"]})
        except OSError as error:
            raise ValueError(f"the baseline {place} cannot be read: {error.strerror}; make one with --write-baseline") from None
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"the baseline {place} is malformed: {error!r}; make a new one with --write-baseline") from None
        return cls(place, known)

    @classmethod
    def of(cls, place: Path, linted: Linted) -> Baseline:
        """The baseline that makes all these findings known, but for traps."""
        found = cls(place)
        for path, lines, finding in linted:
            if not finding.code.startswith(TRAPS):
                found.known[found.key(path, lines, finding)] += 1
        return found

    def write(self) -> None:
        """Write it, sorted, one finding a line: merges and diffs stay small.

        Raises:
            OSError: the file cannot be written.
        """
        rows = [
            json.dumps({"path": path, "code": code, "line": line, "count": count}, ensure_ascii=False)
            for (path, code, line), count in sorted(self.known.items())
        ]
        text = f'{{"version": {VERSION}, "findings": [\n' + ",\n".join(rows) + "\n]}\n"
        partial = self.place.with_name(f"{self.place.name}.{os.getpid()}")
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, self.place)

    def key(self, path: Path, lines: list[str], finding: Finding) -> Key:
        line = lines[finding.line - 1] if finding.line <= len(lines) else ""
        return self.name(path), finding.code, re.sub(r"\s+", " ", line).strip()

    def name(self, path: Path) -> str:
        """The path as the baseline spells it, below its own directory, wherever it is used from."""
        return Path(os.path.relpath(path.resolve(), self.place.resolve().parent)).as_posix()

    def split(self, linted: Linted, files: Iterable[Path]) -> tuple[list[bool], int]:
        """For each finding whether it is known, and how many known ones are gone from these files or with them."""
        left = Counter(self.known)
        known: list[bool] = []
        for path, lines, finding in linted:
            key = self.key(path, lines, finding)
            known.append(left[key] > 0 and not finding.code.startswith(TRAPS))
            left[key] -= known[-1]
        looked_at = {self.name(path) for path in files}
        top = self.place.resolve().parent
        gone = (n for (path, _, _), n in (+left).items() if path in looked_at or not (top / path).exists())
        return known, sum(gone)
