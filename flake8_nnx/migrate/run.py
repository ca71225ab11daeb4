"""A migration run: plan all files together, verify every class that has a case, keep what the gate lets through.

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

from flake8_nnx.migrate.gate import CLOSED, NOT_VERIFIED, Gate, Input, key_of, parts_of
from flake8_nnx.migrate.file import rewrite, rewrite_files, todo
from flake8_nnx.migrate import modes
from flake8_nnx.migrate.around import is_test
from flake8_nnx.migrate.model import ClassPlan, ClassRecord, FilePlan
from flake8_nnx.migrate.modes.around import ModeStop
from flake8_nnx.migrate.program import around_classes
from flake8_nnx.migrate.project import closed, plan_files
from flake8_nnx.migrate.write import Change, SourceFile, changed_text, read_file, replace_all
from flake8_nnx.source.project import Project
from flake8_nnx.source.read import SourceError, python_files
from flake8_nnx.variable_map import beside, read_maps


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
            OSError: a file cannot be written or has changed meanwhile; then none is written, as they may need one another.
        """
        changes: list[Change] = []
        for run in self.files:
            if run.changed:
                target = run.source.path if out is None else out / os.path.relpath(run.source.path, run.root)
                changes.append(changed_text(run.source, run.new, target))
                if run.maps:  # those of classes that moved before stay
                    kept = {**read_maps(target), **run.maps}
                    changes.append(Change(beside(target), (json.dumps(kept, indent=1) + "\n").encode()))
        replace_all(changes)
        return [change.target for change in changes]


def migrate_paths(paths: Sequence[Path], mode_flags: bool = False, **how: Any) -> MigrationRun:
    """Migrate the Linen classes below these paths as far as the gate lets them through.

    Args:
        paths: files and directories.
        mode_flags: flags of methods become modes of the model where that is exact.
        how: the fields of `flake8_nnx.migrate.gate.Gate`.
    """
    gate, run = Gate(**how), MigrationRun()
    inputs = _read(paths, run)
    planned = plan_files([(each.source.text, each.file.facts) for each in inputs], keep_running=False)
    run.errors += [str(plan) for plan in planned if isinstance(plan, SourceError)]
    pairs = [(each, plan) for each, plan in zip(inputs, planned) if isinstance(plan, FilePlan) and plan.plans]
    files = [plan for _, plan in pairs]
    texts = rewrite_files(files, gate.workers) if gate.runs or mode_flags else [""] * len(files)
    if mode_flags:
        modes.decide(files, texts, lambda: without_place(files, paths))
        texts = modes.with_modes(files, texts)
    verdicts, errors = gate.verdicts(pairs, texts)
    run.errors += errors
    native = [plan for file in files for plan in file.native]
    parts = parts_of(native, verdicts)
    # Classes that may not be written stay Linen, and so do those that need them or that they need.
    shut = [plan for plan in native if key_of(plan) not in parts and not gate.passes(verdicts.get(key_of(plan)))]
    final = closed(files, {key_of(plan): CLOSED for plan in shut})
    for (each, before), after, text in zip(pairs, final, rewrite_files(final, gate.workers)):
        notes = todo(after, text, str(each.source.path)) if after.native else []
        maps = {plan.name: after.variable_map(plan) for plan in after.native}
        run.files.append(FileRun(each.source, each.file.root, text, maps, notes, after))
        run.classes += _records(before, after, verdicts, parts)
    said = rewrite_around(run, paths)
    if mode_flags:
        write_modes(run)
    run.todo += [f"{file_run.source.path}: {note}" for file_run in run.files for note in file_run.todo]
    run.todo += said
    return run


def rewrite_around(run: MigrationRun, paths: Sequence[Path]) -> list[str]:
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


def without_place(files: Sequence[FilePlan], paths: Sequence[Path]) -> dict[int, str]:
    """Classes, by key, whose modes the code around them cannot set, with why."""
    native = {(plan.cls.facts.filename, plan.name): plan for file in files for plan in file.native}
    stops = around_classes(Project(paths), native).refusals if any(plan.modes for plan in native.values()) else []
    return {
        key_of(plan): f"{stop.reason} (line {stop.refusal().line} of {stop.frame.file.path.name})"
        for stop in stops if isinstance(stop, ModeStop) and not is_test(stop.frame.file) for plan in stop.classes
    }


def write_modes(run: MigrationRun) -> None:
    """The new texts with the modes that were decided on."""
    planned = [(file_run, file_run.plan) for file_run in run.files if file_run.plan is not None and file_run.changed]
    texts = modes.with_modes([plan for _, plan in planned], [file_run.new for file_run, _ in planned])
    for (file_run, plan), text in zip(planned, texts):
        file_run.new, file_run.todo = text, todo(plan, text, str(file_run.source.path))


def _read(paths: Sequence[Path], run: MigrationRun) -> list[Input]:
    """The files that may have Linen classes."""
    project = Project([], spelt=True)
    inputs = []
    for found in python_files(paths):
        if isinstance(found, SourceError):
            run.errors.append(str(found))
            continue
        path, root = found
        try:
            source = read_file(path)
            file = project.give(source.text, path, root)
            if "flax" in source.text and file.facts is not None:
                inputs.append(Input(source, file))
        except SourceError as error:
            run.errors.append(str(error))
    return inputs


def _records(
    planned: FilePlan, final: FilePlan, verdicts: Mapping[int, Any], parts: Mapping[int, ClassPlan]
) -> list[ClassRecord]:
    """What became of each class of a file: as it was planned, and as the gate left it."""
    records = []
    for plan, after in zip(planned.plans, final.plans):
        key, written = key_of(plan), not after.refusals
        record = _record(plan, planned, verdicts.get(key), written)
        if not plan.refusals and not written and after.refusals[0].reason != CLOSED:
            record = replace(record, reason=f"{record.reason}; not written: {after.refusals[0].reason}".lstrip("; "))
        if key in parts:
            whole = parts[key]
            verdict = verdicts[key_of(whole)].status
            record = replace(record, reason=f"ran as a part of `{whole.name}` ({verdict}) alone; {record.reason}")
        records.append(replace(record, todo=tuple(plan.notes if written else ())))
    return records


def _record(plan: ClassPlan, planned: FilePlan, verdict: Any, written: bool) -> ClassRecord:
    path, line = planned.facts.filename, plan.cls.node.lineno
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


def _patch(run: FileRun) -> str:
    name = run.source.path.as_posix().lstrip("/")
    old, new = run.source.text.splitlines(keepends=True), run.new.splitlines(keepends=True)
    lines = []
    for line in difflib.unified_diff(old, new, f"a/{name}", f"b/{name}"):
        lines.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return "".join(lines)
