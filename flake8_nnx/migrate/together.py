"""Single files of a project, each planned with the files that its classes rest on.

What a report and `check --verify` ask for; a run of `migrate` plans all files at once.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence

from flake8_nnx.migrate.model import ClassPlan, FilePlan
from flake8_nnx.migrate.project import Plans, closed
from flake8_nnx.source.linen import LinenClass
from flake8_nnx.source.project import SourceFile
from flake8_nnx.source.read import SourceError


class Together:
    """The plans of these files of a project, made when they are asked for."""

    def __init__(self, files: Sequence[SourceFile]) -> None:
        self._files = {str(file.path): file for file in files}
        self._plans = Plans()
        self._made: dict[str, FilePlan | SourceError] = {}

    def of(self, file: SourceFile) -> list[FilePlan]:
        """The plan of a file, and after it those of the files that its classes construct or derive from, settled.

        Raises:
            SourceError: the file is not Python, or nested too deeply.
        """
        waiting, found = [str(file.path)], dict[str, FilePlan]()
        while waiting:
            path = waiting.pop()
            if path in found or path not in self._files:
                continue
            plan = self._plan(path)
            if isinstance(plan, FilePlan):
                found[path] = plan
                waiting += [cls.facts.filename for each in plan.plans for cls in rests_on(each)]
            elif not found:
                raise plan
        return closed(list(found.values()), {}, keep_running=False)

    def _plan(self, path: str) -> FilePlan | SourceError:
        if path not in self._made:
            try:
                file = self._files[path]
                self._made[path] = self._plans.of_file(file.source, file.facts)
            except SourceError as error:
                self._made[path] = error
        return self._made[path]


def rests_on(plan: ClassPlan) -> Iterator[LinenClass]:
    """The classes that decide whether this one can move."""
    yield from plan.parts
    yield from plan.cls.facts.ancestors(plan.cls)[1:]
