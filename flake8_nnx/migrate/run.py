"""A migration run: plan every file, verify every class that has a case, keep what the gate lets through.

Nothing is written before `MigrationRun.write` is called.
"""
from __future__ import annotations

import difflib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flake8_nnx.migrate.file import FilePlan, plan_file, rewrite, todo
from flake8_nnx.migrate.model import ClassPlan, ClassRecord
from flake8_nnx.migrate.program import around_classes
from flake8_nnx.migrate.write import SourceFile, read_file, replace_file
from flake8_nnx.source.project import Project
from flake8_nnx.source.read import SourceError, python_files

NO_CASE = "no case: "  # how the verifier says so
NOT_VERIFIED = "not verified (--verify runs both on your devices)"


@dataclass
class FileRun:
    """One file of a run; `new` is what may be written, equal to the old text when nothing may."""

    source: SourceFile
    root: Path
    new: str
    maps: dict[str, Any] = field(default_factory=dict)  # class -> variable map of what is written
    todo: list[str] = field(default_factory=list)
    plan: FilePlan | None = None  # as it is written

    @property
    def changed(self) -> bool:
        return self.new != self.source.text


@dataclass
class MigrationRun:
    """What became of every Linen class, and the new texts."""

    files: list[FileRun] = field(default_factory=list)
    classes: list[ClassRecord] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    todo: list[str] = field(default_factory=list)  # what is left to do by hand, one line each

    def diff(self) -> str:
        """A patch of what may be written, for `patch -p1` or `git apply`."""
        return "".join(_patch(run) for run in self.files if run.changed)

    def write(self, out: Path | None) -> list[Path]:
        """Write the new files in place, or below `out`; beside each its variable map.

        Raises:
            OSError: a file cannot be written or has changed meanwhile; those before it are written.
        """
        written = []
        for run in self.files:
            if not run.changed:
                continue
            target = run.source.path if out is None else out / os.path.relpath(run.source.path, run.root)
            replace_file(run.source, run.new, target)
            written.append(target)
            if not run.maps:
                continue
            beside = target.with_suffix(".nnx-map.json")
            beside.write_text(json.dumps(run.maps, indent=1) + "\n", encoding="utf-8")
            written.append(beside)
        return written


def migrate_paths(
    paths: Sequence[Path],
    *,
    verify: bool = False,
    cases: Path | None = None,
    unverified: bool = False,
    timeout: float = 120.0,
    device: str | None = None,
) -> MigrationRun:
    """Migrate the Linen classes below these paths as far as the gate lets them through.

    Args:
        paths: files and directories.
        verify: run the classes, old and new, in a subprocess with limits; `cases` implies it.
        cases: a Python file whose list `CASES` says how to run the classes; others are configured, recorded or synthesised.
        unverified: let through what was not shown to be equal (but never what was shown to differ).
        timeout: seconds for the verification of one class.
        device: verify on this device or platform only.
    """
    run = MigrationRun()
    for found in python_files(paths):
        if isinstance(found, SourceError):
            run.errors.append(str(found))
            continue
        path, root = found
        try:
            source = read_file(path)
            planned = plan_file(source.text, str(path), keep_running=False) if "flax" in source.text else None
        except SourceError as error:
            run.errors.append(str(error))
            continue
        if planned is not None and planned.plans:
            verdicts: Mapping[str, Any] = {}
            if verify or cases is not None:
                try:
                    verdicts = _verify(planned, source, cases, timeout, device)
                except ValueError as error:
                    run.errors.append(str(error))
                    continue
            file_run, records = _migrate_file(source, root, planned, verdicts, unverified)
            run.files.append(file_run)
            run.classes += records
    said = _around(run, paths)
    run.todo += [f"{file_run.source.path}: {note}" for file_run in run.files for note in file_run.todo]
    run.todo += said
    return run


def _around(run: MigrationRun, paths: Sequence[Path]) -> list[str]:
    """Rewrite the code around the classes that are written, in their files and in others; what there is to say of it."""
    runs = {str(file_run.source.path): file_run for file_run in run.files}
    native = {(path, plan.name): plan for path, r in runs.items() if r.plan is not None for plan in r.plan.native}
    if not native:
        return []
    project = Project(paths)
    found = around_classes(project, native)
    new: list[FileRun] = []
    for file, edits in found.edits.items():
        if not edits:
            continue
        file_run = runs.get(str(file.path)) or FileRun(read_file(file.path), file.root, file.source)
        plan = file_run.plan or FilePlan(file_run.source.text, file.facts)
        planned = replace(plan, around=edits)
        text = rewrite(planned)
        if not planned.around:  # a place was not found: no file of the program may change alone
            return [f"{file.path}: the code around the classes could not be matched with its syntax tree"]
        new.append(replace(file_run, new=text, plan=planned))
    for file_run in new:
        path = str(file_run.source.path)
        if path in runs:
            run.files[run.files.index(runs[path])] = file_run
        else:
            run.files.append(file_run)
        assert file_run.plan is not None
        file_run.todo = todo(file_run.plan, file_run.new, path)
    return found.said()


def _migrate_file(
    source: SourceFile, root: Path, planned: FilePlan, verdicts: Mapping[str, Any], unverified: bool
) -> tuple[FileRun, list[ClassRecord]]:
    path = str(source.path)
    parts = _parts(planned, verdicts)
    closed = {
        plan.name for plan in planned.native if plan.name not in parts and not _passes(verdicts.get(plan.name), unverified)
    }
    # Classes that may not be written stay Linen, and so do those that need them or that they need.
    final = plan_file(source.text, path, without=closed)
    text = rewrite(final)
    written = {plan.name: plan for plan in final.native}
    records = []
    for plan in planned.plans:
        record = _record(path, plan, planned, verdicts.get(plan.name), plan.name in written)
        if not plan.refusals and plan.name not in written and plan.name not in closed:
            stays = next(p for p in final.plans if p.name == plan.name)
            record = replace(record, reason=f"{record.reason}; not written: {stays.refusals[0].reason}".lstrip("; "))
        if plan.name in parts:
            whole = parts[plan.name]
            record = replace(record, reason=f"ran as a part of `{whole}` ({verdicts[whole].status}) alone; {record.reason}")
        own = [note for note in (plan.notes if plan.name in written else ())]
        records.append(replace(record, todo=tuple(own)))
    notes = todo(final, text, path) if written else []
    maps = {name: final.variable_map(plan) for name, plan in written.items()}
    return FileRun(source, root, text, maps, notes, final), records


def _parts(planned: FilePlan, verdicts: Mapping[str, Any]) -> dict[str, str]:
    """Classes without a case of their own that a verified class constructs, with that class."""
    plans = {plan.name: plan for plan in planned.native}
    found: dict[str, str] = {}
    for whole in plans:
        if not _passes(verdicts.get(whole), unverified=False):
            continue
        waiting, seen = list(plans[whole].uses), {whole}
        while waiting:
            name = waiting.pop()
            if name not in plans or name in seen:
                continue
            seen.add(name)
            waiting += plans[name].uses
            verdict = verdicts.get(name)
            if verdict is not None and verdict.status == "UNVERIFIED" and verdict.reason.startswith(NO_CASE):
                found.setdefault(name, whole)
    return found


def _passes(verdict: Any, unverified: bool) -> bool:
    if verdict is not None and verdict.status in ("PROVED", "MATCHED"):
        return True
    return unverified and (verdict is None or verdict.status == "UNVERIFIED")


def _record(path: str, plan: ClassPlan, planned: FilePlan, verdict: Any, written: bool) -> ClassRecord:
    line = plan.cls.node.lineno
    if plan.refusals:
        return ClassRecord(path, plan.name, line, "refused", reason=_reasons(plan))
    variable_map = planned.variable_map(plan)
    if verdict is None:
        return ClassRecord(path, plan.name, line, "native", "UNVERIFIED", NOT_VERIFIED, {}, variable_map, written=written)
    return ClassRecord(
        path, plan.name, line, "native", verdict.status, verdict.reason, verdict.evidence, variable_map, written=written
    )


def _reasons(plan: ClassPlan, most: int = 3) -> str:
    """The first refusals of a class, each advice once."""
    shown = plan.refusals[:most]
    reasons = [f"line {refusal.line}: {refusal.reason}" for refusal in shown]
    if len(plan.refusals) > most:
        reasons.append(f"and {len(plan.refusals) - most} more")
    return "; ".join([*reasons, *dict.fromkeys(refusal.advice for refusal in shown)])


def _verify(
    planned: FilePlan, source: SourceFile, cases: Path | None, timeout: float, device: str | None
) -> Mapping[str, Any]:
    """Verdicts by class name; user code runs in the verifier's worker only.

    Raises:
        ValueError: `pyproject.toml` has a malformed case.
    """
    from flake8_nnx.verify import verify_cases

    path = source.path.resolve()
    names = [plan.name for plan in planned.native]
    maps = {plan.name: planned.variable_map(plan) for plan in planned.native}
    return verify_cases(path, rewrite(planned), names, maps, cases, timeout=timeout, device=device) if names else {}


def _patch(run: FileRun) -> str:
    name = run.source.path.as_posix().lstrip("/")
    old, new = run.source.text.splitlines(keepends=True), run.new.splitlines(keepends=True)
    lines = []
    for line in difflib.unified_diff(old, new, f"a/{name}", f"b/{name}"):
        lines.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return "".join(lines)
