"""Lints the files of a project, in several processes where there are many.

What a file gives is what flake8 shows of it: findings for the flax at hand, without those that `# noqa` silences.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from flake8_nnx import parallel, versions
from flake8_nnx.lint import drop_suppressed, lint_facts, relevant
from flake8_nnx.remembered import Remembered
from flake8_nnx.rule import Finding
from flake8_nnx.source.declared import Declared
from flake8_nnx.source.project import Project, SourceFile
from flake8_nnx.source.read import SourceError, nesting, noqa_lines


class Linter:
    """The files of a project, each linted by its number."""

    def __init__(self, project: Project, cache: str = "", flax: versions.Version = versions.NEWEST) -> None:
        self.project, self.flax = project, flax
        self.remembered = Remembered.at(cache)

    @classmethod
    def of(cls, paths: Sequence[Path], declared: Declared, cache: str, flax: versions.Version) -> Linter:
        """The same for another process."""
        return cls(Project(paths, declared), cache, flax)

    def known(self, number: int) -> list[Finding] | SourceError | None:
        """What is remembered of a file, None when it must be linted."""
        file = self.project.files[number]
        try:
            found = self.remembered.get(file) if self.remembered else None
            return None if found is None else self.shown(file, found)
        except SourceError as error:
            return error

    def __call__(self, number: int) -> list[Finding] | SourceError:
        file = self.project.files[number]
        try:
            found = findings_in(file)
            if self.remembered:
                self.remembered.put(file, found)
            return self.shown(file, found)
        except SourceError as error:
            return error

    def shown(self, file: SourceFile, found: list[Finding]) -> list[Finding]:
        return drop_suppressed(versions.adapted(found, self.flax), noqa_lines(file.source)) if found else []


def lint_project(
    project: Project,
    paths: Sequence[Path] = (),
    *,
    cache: str = "",
    flax: versions.Version = versions.NEWEST,
    jobs: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[tuple[SourceFile, Finding]]:
    """The findings of every file, in the order of the files; what cannot be linted is added to `project.errors`.

    Args:
        paths: what the project was made of, for other processes to make it anew; without them there are none.
        cache: where findings are remembered, `off` for nowhere.
        jobs: processes, 0 for one a core.
        progress: told how many files of how many are done.
    """
    linter, count = Linter(project, cache, flax), len(project.files)
    known = [linter.known(number) for number in range(count)]
    new = [number for number, found in enumerate(known) if found is None]
    arguments = (tuple(paths), project.declared, cache, flax)
    linted = parallel.ordered(linter, new, jobs if paths else 1, Linter.of, *arguments)
    for number, remembered in enumerate(known):
        found = next(linted) if remembered is None else remembered
        progress(number + 1, count)
        if isinstance(found, SourceError):
            project.errors.append(found)
        else:
            yield from ((project.files[number], each) for each in found)


def findings_in(file: SourceFile) -> list[Finding]:
    """The findings of one file, `# noqa` aside.

    Raises:
        SourceError: it cannot be read, is no Python, or is nested too deeply.
    """
    if relevant(file.source):
        with nesting(str(file.path), "checked"):
            return lint_facts(file.facts)
    file.tree  # it is said when it is no Python
    file.forget_tree()
    return []
