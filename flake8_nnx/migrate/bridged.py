"""A run with bridges: until everything that would be written has passed with the neighbours that it will have."""
from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from flake8_nnx.migrate.file import rewrite_files, todo
from flake8_nnx.migrate.gate import CLOSED, NOT_VERIFIED, Gate, Input, key_of, parts_of
from flake8_nnx.migrate.gradual import plan_bridged
from flake8_nnx.migrate.model import ClassPlan, ClassRecord, FilePlan
from flake8_nnx.migrate.project import names_of
from flake8_nnx.migrate.run import FileRun, MigrationRun, rewrite_around
from flake8_nnx.migrate.write import read_file
from flake8_nnx.source.project import TOP_MARKS, Project
from flake8_nnx.source.read import SourceError, python_files
from flake8_nnx.variable_map import read_maps, with_earlier

NOT_CHOSEN = "not chosen (--only)"


def migrate_bridged(
    paths: Sequence[Path], *, only: Mapping[Path, Collection[str]] | None = None, **how: Any
) -> MigrationRun:
    """Migrate the Linen classes below these paths, with bridges between those that move and those that stay.

    Args:
        paths: files and directories.
        only: the classes to migrate, by their file; all others stay what they are, but for bridges to these, in the other
            files of the project as well.
        how: the fields of `flake8_nnx.migrate.gate.Gate`.
    """
    gate = Gate(**how)
    run = MigrationRun()
    # The rest of the project is read for what uses the chosen classes; what cannot be read there is not this run's business.
    inputs = _read(paths, [top_of(path) for path in only or ()], run)
    chosen = {path.resolve(): set(names) for path, names in (only or {}).items()}
    names = {each.path: {cls.name: cls for cls in each.file.facts.classes} for each in inputs}
    for path, wanted in chosen.items():
        unknown = sorted(wanted - names.get(path, {}).keys())
        if unknown:
            run.errors.append(f"{path}: has no Linen class {unknown[0]}")
            return run
    without = {
        id(cls.node): NOT_CHOSEN
        for path, classes in names.items() for name, cls in classes.items() if chosen and name not in chosen.get(path, ())
    }
    try:
        _migrate(inputs, gate, without, run)
        said = rewrite_around(run, [*paths, *(top_of(path) for path in only or ())])
    except SourceError as error:
        run.errors.append(str(error))
        return run
    run.todo += [f"{file_run.source.path}: {note}" for file_run in run.files for note in file_run.todo]
    run.todo += said
    return run


def top_of(path: Path) -> Path:
    """The project around a file: the directory that is marked as one, else that of the file."""
    above = [path.resolve().parent, *path.resolve().parent.parents]
    return next((place for place in above if any((place / mark).exists() for mark in TOP_MARKS)), above[0])


def _read(paths: Sequence[Path], around: Sequence[Path], run: MigrationRun) -> list[Input]:
    """The files that may have Linen classes, each once."""
    project = Project([], spelt=True)
    inputs: dict[Path, Input] = {}
    given = len(list(python_files(paths)))
    for number, found in enumerate(python_files([*paths, *around])):
        if isinstance(found, SourceError):
            run.errors += [str(found)] if number < given else []
            continue
        path, root = found
        try:
            source = read_file(path)
            if "flax" in source.text and path.resolve() not in inputs:
                file = project.give(source.text, path, root)
                if any(file.facts.classes):
                    inputs[path.resolve()] = Input(source, file)
        except SourceError as error:
            run.errors += [str(error)] if number < given else []
    return list(inputs.values())


def _migrate(inputs: Sequence[Input], gate: Gate, without: dict[int, str], run: MigrationRun) -> None:
    """Plan, verify, and plan again without what failed, until everything that is written has passed."""
    sources = [(each.source.text, each.file.facts) for each in inputs]
    earlier = [read_maps(each.source.path) for each in inputs]
    asked = without.keys() ^ {id(cls.node) for _, facts in sources for cls in facts.classes}
    verdicts: dict[int, Any] = {}
    judged: dict[int, str] = {}
    tried: dict[int, tuple[ClassPlan, Mapping[str, Any]]] = {}
    untouched: set[int] = set()
    failing: set[int] = set()
    while True:
        files = plan_bridged(sources, without, untouched, earlier)
        texts = rewrite_files(files)
        changed = {key_of(plan): (plan, file) for file in files for plan in (*file.native, *file.bridged)}
        tried |= {key: (plan, file.variable_map(plan)) for key, (plan, file) in changed.items()}
        now = closures(files, texts)
        fresh = {key for key in changed if judged.get(key) != now[key]}
        if gate.runs and fresh:
            found, problems = gate.verdicts(list(zip(inputs, files)), texts, fresh)
            run.errors += problems
            verdicts |= found
            judged |= {key: now[key] for key in fresh}
            if any(interrupted(verdict) for verdict in found.values()):
                break
        parts = parts_of([plan for plan, _ in changed.values()], verdicts)
        failed = {key for key in changed if key not in parts and not gate.passes(verdicts.get(key))}
        if not failed:
            break
        failing |= failed
        without |= {key: CLOSED for key in failed if not changed[key][0].refusals}
        untouched |= {key for key in failed if changed[key][0].refusals}
    for each, file, text, maps in zip(inputs, files, texts, earlier):
        new = {plan.name: with_earlier(file.own_map(plan), maps, moved=False) for plan in (*file.native, *file.bridged)}
        notes = todo(file, text, str(each.source.path)) if new else []
        run.files.append(FileRun(each.source, each.file.root, text, {**maps, **new}, notes, file))
        for plan in file.plans:
            key = key_of(plan)
            if key not in asked and key not in tried:
                continue
            candidate, variable_map = tried.get(key, (plan, {}))
            record = _record(str(each.source.path), candidate, verdicts.get(key), key in changed, variable_map)
            if key not in changed and not candidate.refusals and key not in failing:
                record = replace(record, reason=f"{record.reason}; not written: {_reason(plan)}")
            if key in parts:
                whole = parts[key]
                record = replace(record, reason=f"ran as a part of `{whole.name}` alone; {record.reason}")
            run.classes.append(record)


def interrupted(verdict: Any) -> bool:
    from flake8_nnx.verify.verdict import INTERRUPTED

    return verdict is not None and verdict.reason == INTERRUPTED


def _record(path: str, plan: ClassPlan, verdict: Any, written: bool, variable_map: Mapping[str, Any]) -> ClassRecord:
    status = "bridged" if plan.bridges else "refused" if plan.refusals else "native"
    if status == "refused":
        return ClassRecord(path, plan.name, plan.cls.node.lineno, status, reason=_reason(plan))
    stopped = interrupted(verdict)
    stays = f"stays Linen ({_reason(plan)})" if plan.refusals else ""
    reason = NOT_VERIFIED if verdict is None else verdict.reason
    return ClassRecord(
        path,
        plan.name,
        plan.cls.node.lineno,
        status,
        "UNVERIFIED" if verdict is None else verdict.status,
        reason if stopped else "; ".join(filter(None, (stays, reason))),
        {} if verdict is None else verdict.evidence,
        variable_map,
        tuple(plan.notes) if written else (),
        written,
    )


def closures(files: Sequence[FilePlan], texts: Sequence[str]) -> dict[int, str]:
    """For each class of the run the new text of all classes of the run that it names, directly or not."""
    own: dict[int, str] = {}
    for file, text in zip(files, texts):
        nodes = {node.name: node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef)}
        own |= {key_of(plan): ast.unparse(nodes[plan.name]) if plan.name in nodes else "" for plan in file.plans}
    named = {key_of(plan): names_of(plan.cls) & own.keys() for file in files for plan in file.plans}
    found = {}
    for key in own:
        line, seen = [key], {key}
        while line:
            more = named[line.pop()] - seen
            seen |= more
            line += more
        found[key] = "\n".join(own[other] for other in sorted(seen))
    return found


def _reason(plan: ClassPlan) -> str:
    return f"{plan.refusals[0]}" if plan.refusals else ""
