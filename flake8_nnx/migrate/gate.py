"""What the verifier says of the classes of a run, and what that lets through.

User code runs in the verifier's worker only, the NNX side with all the new texts of the run.
"""
from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flake8_nnx.migrate.model import ClassPlan, FilePlan
from flake8_nnx.migrate.write import SourceFile
from flake8_nnx.source.features import trace
from flake8_nnx.source.linen import LinenClass
from flake8_nnx.source.project import SourceFile as ProjectFile

CLOSED = "not verified"  # why the gate keeps a class as it is
NO_CASE = "no case: "  # how the verifier says so
NOT_VERIFIED = "not verified (--verify runs both on your devices)"


@dataclass(frozen=True)
class Input:
    """A file as it was read, and its place in the project."""

    source: SourceFile
    file: ProjectFile

    @property
    def path(self) -> Path:
        return self.source.path.resolve()


@dataclass(frozen=True)
class Gate:
    """How to verify; without `verify`, nothing is.

    Args:
        verify: run the classes, old and new, in a subprocess with limits; `cases` imply it.
        cases: a Python file whose list `CASES` says how to run the classes; others are configured, recorded or synthesised.
        unverified: let through what was not shown to be equal (but never what was shown to differ).
        timeout: seconds for the verification of one class.
        device: verify on this device or platform only.
        workers: processes that write, and that verify, at the same time.
        progress: told how many classes of how many are verified.
    """

    verify: bool = False
    cases: Path | None = None
    unverified: bool = False
    timeout: float = 120.0
    device: str | None = None
    workers: int = 1
    progress: Callable[[int, int], None] = lambda done, total: None

    @property
    def runs(self) -> bool:
        return self.verify or self.cases is not None

    @property
    def limits(self) -> dict[str, Any]:
        """The keywords of `verify_files`."""
        return {"timeout": self.timeout, "device": self.device, "workers": self.workers, "progress": self.progress}

    def passes(self, verdict: Any) -> bool:
        """Whether a class may be written."""
        return shown(verdict) or self.unverified and (verdict is None or verdict.status == "UNVERIFIED")

    def verdicts(
        self, files: Sequence[tuple[Input, FilePlan]], texts: Sequence[str], only: Collection[int] | None = None
    ) -> tuple[dict[int, Any], list[str]]:
        """Verdicts by class, of those in `only` if given, and what is wrong with the cases of a file."""
        if not self.runs:
            return {}, []
        from flake8_nnx.verify import verify_files
        from flake8_nnx.verify.origins import job_cases

        changed = {each.path: text for (each, plan), text in zip(files, texts) if text != plan.source}
        jobs: dict[int, dict[str, Any]] = {}
        errors: list[str] = []
        for (each, file), text in zip(files, texts):
            try:
                for plan in (*file.native, *file.bridged):
                    if only is None or key_of(plan) in only:
                        old = {"path": str(each.path), "class": plan.name}
                        new = {**old, "source": text, "others": others(each, changed)}
                        origin = job_cases(each.path, plan.name, self.cases)
                        jobs[key_of(plan)] = {"old": old, "new": new, "variable_map": file.variable_map(plan), **origin}
            except ValueError as error:
                errors.append(str(error))
        found = verify_files(list(jobs.values()), **self.limits) if jobs else []
        return {key: verdict for key, verdict in zip(jobs, found) if verdict is not None}, errors


def key_of(plan: ClassPlan) -> int:
    return id(plan.cls.node)


def others(each: Input, changed: Mapping[Path, str]) -> dict[str, str]:
    """The new texts of the other files that the imports of a file lead to."""
    reached = {other.path.resolve() for other in each.file.reached()[0]} - {each.path}
    return {str(path): changed[path] for path in sorted(reached & changed.keys())}


def shown(verdict: Any) -> bool:
    return verdict is not None and verdict.status in ("PROVED", "MATCHED")


def parts_of(written: Sequence[ClassPlan], verdicts: Mapping[int, Any]) -> dict[int, ClassPlan]:
    """Classes without a case of their own that a verified class constructs, wraps or derives from, with that class."""
    plans = {key_of(plan): plan for plan in written}
    found: dict[int, ClassPlan] = {}
    for whole in written:
        if not shown(verdicts.get(key_of(whole))):
            continue
        waiting, seen = below(whole), {key_of(whole)}
        while waiting:
            key = id(waiting.pop().node)
            if key not in plans or key in seen:
                continue
            seen.add(key)
            waiting += below(plans[key])
            verdict = verdicts.get(key)
            if verdict is not None and verdict.status == "UNVERIFIED" and verdict.reason.startswith(NO_CASE):
                found.setdefault(key, whole)
    return found


def below(plan: ClassPlan) -> list[LinenClass]:
    """What runs where the class runs: what it constructs, and bases of which it replaces nothing but abstract methods.

    Of several classes that a field may hold a run may reach one alone.
    """
    ran = {method for method, _ in trace(plan.cls).calls}
    bases = plan.cls.facts.ancestors(plan.cls)[1:]
    parts = [part for part in plan.parts if id(part.node) not in plan.perhaps]
    return [*parts, *(base for base in bases if all(method in ran for method in _concrete(base)))]


def _concrete(cls: LinenClass) -> list[ast.FunctionDef]:
    methods = [method for name, method in cls.methods.items() if name not in ("setup", "__post_init__")]
    return [m for m in methods if not any(ast.unparse(each).endswith("abstractmethod") for each in m.decorator_list)]
