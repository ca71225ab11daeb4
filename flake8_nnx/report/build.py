"""A report of some paths: every file scanned, in as many processes as wanted, then the plan made of all of them.

A worker process that dies costs time only, and an interrupted run gives the report of what had been scanned.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from flake8_nnx import parallel
from flake8_nnx.migrate.together import Together
from flake8_nnx.report import order
from flake8_nnx.report.model import FileEntry, Report
from flake8_nnx.report.scan import scan, shown
from flake8_nnx.source.declared import Declared
from flake8_nnx.source.project import Project
from flake8_nnx.source.read import SourceError

Found = FileEntry | str | None  # an entry, what is wrong with the file, or nothing to say
Progress = Callable[[int, int], None]


class Scanner:
    """The files below some paths, each scanned by its number."""

    def __init__(self, paths: Sequence[Path], store: str, declared: Declared) -> None:
        self.project, self.store, self.roots = Project(paths, declared, spelt=True), store, list(paths)
        self.together = Together(self.project.files)

    def __len__(self) -> int:
        return len(self.project.files)

    def __call__(self, number: int) -> Found:
        file = self.project.files[number]
        try:
            return scan(file, self.root_of(file.path), self.store, self.together)
        except SourceError as error:
            return str(replace_path(error, shown(file.path, self.root_of(file.path))))

    def root_of(self, path: Path) -> Path:
        return next((root for root in self.roots if root == path or root in path.parents), path.parent)


def replace_path(error: SourceError, path: str) -> SourceError:
    return SourceError(path, error.message, error.line)


def build(
    paths: Sequence[Path],
    *,
    jobs: int = 1,
    store: str = "",
    declared: Declared | None = None,
    progress: Progress = lambda done, total: None,
) -> Report:
    """The report of every Python file below these paths.

    Args:
        jobs: processes; the report is the same with any number.
        store: the file of verdicts, `off` for none, `""` for that of each project.
        progress: told how many files of how many are done.
    """
    scanner = Scanner(paths, store, declared or Declared())
    found: list[Found] = []
    partial = False
    try:
        for each in parallel.ordered(scanner, range(len(scanner)), jobs, Scanner, paths, store, scanner.project.declared):
            found.append(each)
            progress(len(found), len(scanner))
    except KeyboardInterrupt:
        partial = True
    roots = [shown(path, path if path.is_dir() else path.parent) for path in paths]
    errors = [str(error) for error in scanner.project.errors]
    errors += [each for each in found if isinstance(each, str)]
    files = known_only([each for each in found if isinstance(each, FileEntry)])
    steps = order.steps([entry for file in files for entry in file.classes])
    return Report(tuple(roots), files, steps, tuple(errors), len(found), partial)


def known_only(files: Sequence[FileEntry]) -> tuple[FileEntry, ...]:
    """The files with dependencies on classes of this report alone: what else a class mentions is no module."""
    known = {entry.id for file in files for entry in file.classes}
    return tuple(
        replace(
            file,
            classes=tuple(
                replace(entry, depends=tuple(other for other in entry.depends if other in known and other != entry.id))
                for entry in file.classes
            ),
        )
        for file in files
    )
