"""Findings of earlier runs, which hold while neither the file, nor anything that its imports reach, nor this linter has changed.

One small JSON file for each linted file, replaced as a whole: runs and processes may share a folder without locks.
"""
from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import astuple
from pathlib import Path
from typing import Any

from flake8_nnx import __version__
from flake8_nnx.rule import Finding
from flake8_nnx.source.project import Project, SourceFile, found_at
from flake8_nnx.verdicts.text import digest

OFF = "off"
VARIABLE = "FLAKE8_NNX_CACHE"
# What findings are made by, besides the files of the user.
MADE_BY = ("source", "rules", "catalog", "lint.py", "rule.py")


class Remembered:
    """Findings by file, in a folder; one that cannot be read or written remembers nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def at(cls, place: str = "") -> Remembered | None:
        """The cache of a folder, by default `$FLAKE8_NNX_CACHE`, else `flake8-nnx` in the user's cache; None when it is off."""
        place = place or os.environ.get(VARIABLE, "")
        if place == OFF:
            return None
        caches = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
        return cls(Path(place or os.path.join(caches, "flake8-nnx")))

    def get(self, file: SourceFile) -> list[Finding] | None:
        """The findings of a file as they were, `# noqa` aside; None when they must be found anew.

        Raises:
            SourceError: the file cannot be read.
        """
        try:
            record = json.loads(self._place(file).read_bytes())
            if record["text"] != digest(file.source) or not _holds(record):
                return None
            return [Finding(*found) for found in record["findings"]]
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, file: SourceFile, findings: Iterable[Finding]) -> None:
        """Remember the findings of a file with all that they rest on."""
        files, probes = file.reached()
        record = {
            "text": digest(file.source),
            "files": {str(other.path): _of_file(str(other.path)) for other in files if other is not file},
            "probes": {str(path): found_at(path) for path in probes},
            "places": {str(other.path): _search_path(str(other.path), str(other.root)) for other in (file, *files)},
            "roots": {str(other.path): str(other.root) for other in (file, *files)},
            "findings": [astuple(found) for found in findings],
        }
        place = self._place(file)
        partial = place.with_name(f"{place.name}.{os.getpid()}")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps(record), encoding="ascii")
            os.replace(partial, place)
        except OSError:
            return

    def _place(self, file: SourceFile) -> Path:
        declared = sorted(file.project.declared.names)
        key = digest(json.dumps([os.path.abspath(file.path), str(file.root), declared, made_by()]))
        return self.folder / key[:2] / f"{key[2:]}.json"


@functools.lru_cache(maxsize=1)
def made_by() -> str:
    """This linter: its version, and the state of its files, which change without one while it is worked on."""
    top = Path(__file__).parent
    files = [path for name in MADE_BY for path in ([top / name] if name.endswith(".py") else sorted((top / name).rglob("*.py")))]
    states = [(path.name, (stat := path.stat()).st_size, stat.st_mtime_ns) for path in files]
    return digest(f"{__version__} {states}")


def _holds(record: Mapping[str, Any]) -> bool:
    return (
        all(_of_file(path) == known for path, known in record["files"].items())
        and all(_found_at(path) == known for path, known in record["probes"].items())
        and all(_search_path(path, record["roots"][path]) == known for path, known in record["places"].items())
    )


@functools.lru_cache(maxsize=65536)
def _found_at(path: str) -> str:
    return found_at(Path(path))


@functools.lru_cache(maxsize=4096)
def _of_file(path: str) -> str:
    try:
        return digest(Path(path).read_bytes())
    except OSError:
        return ""


@functools.lru_cache(maxsize=4096)
def _search_path(path: str, root: str) -> list[str]:
    """Where imports of a file start; packages and project files above it decide."""
    file = SourceFile(Project([]), Path(path), Path(root))
    return [file.module, *map(str, file.search_path)]
