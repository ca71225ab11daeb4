"""A run with bridges: file by file, until everything that would be written has passed with the neighbours that it will have."""
from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from flake8_nnx.migrate.file import rewrite, todo
from flake8_nnx.migrate.gate import CLOSED, NO_CASE, NOT_VERIFIED, Gate, shown
from flake8_nnx.migrate.gradual import plan_bridged
from flake8_nnx.migrate.model import ClassPlan, ClassRecord, FilePlan
from flake8_nnx.migrate.run import FileRun, MigrationRun
from flake8_nnx.migrate.write import SourceFile, read_file
from flake8_nnx.source.read import SourceError, python_files
from flake8_nnx.variable_map import read_maps, with_earlier


def migrate_bridged(
    paths: Sequence[Path], *, only: Mapping[Path, Collection[str]] | None = None, **how: Any
) -> MigrationRun:
    """Migrate the Linen classes below these paths, with bridges between those that move and those that stay.

    Args:
        paths: files and directories.
        only: the classes to migrate, by their file; all others stay what they are.
        how: the fields of `flake8_nnx.migrate.gate.Gate`.
    """
    gate = Gate(**how)
    run = MigrationRun()
    chosen = {path.resolve(): names for path, names in (only or {}).items()}
    for found in python_files(paths):
        if isinstance(found, SourceError):
            run.errors.append(str(found))
            continue
        path, root = found
        if chosen and path.resolve() not in chosen:
            continue
        try:
            source = read_file(path)
            if "flax" not in source.text:
                continue
            file_run, records = _migrate_file(source, root, gate, chosen.get(path.resolve()))
        except (SourceError, ValueError) as error:
            run.errors.append(str(error))
            continue
        if records:
            run.files.append(file_run)
            run.classes += records
            run.todo += [f"{path}: {note}" for note in file_run.todo]
    return run


def _migrate_file(
    source: SourceFile, root: Path, gate: Gate, chosen: Collection[str] | None
) -> tuple[FileRun, list[ClassRecord]]:
    """Migrate with bridges until everything that is written has passed, each class with the neighbours that it will have."""
    path = str(source.path)
    earlier = read_maps(source.path)
    without: dict[str, str] = {}
    if chosen is not None:
        names = {plan.name for plan in plan_bridged(source.text, path).plans}
        missing = sorted(set(chosen) - names)
        if missing:
            raise ValueError(f"{path}: has no Linen class {missing[0]}")
        without = dict.fromkeys(names - set(chosen), "not chosen (--only)")
    verdicts: dict[str, Any] = {}
    judged: dict[str, str] = {}
    tried: dict[str, ClassPlan] = {}
    untouched: set[str] = set()
    failing: set[str] = set()
    while True:
        planned = plan_bridged(source.text, path, without, untouched, earlier)
        text = rewrite(planned)
        changed = {plan.name: plan for plan in (*planned.native, *planned.bridged)}
        tried |= changed
        texts = closures(text)
        fresh = [name for name in changed if judged.get(name) != texts[name]]
        if gate.runs and fresh:
            verdicts |= _verify(planned, fresh, source, gate)
            judged |= {name: texts[name] for name in fresh}
        parts = _parts(planned, verdicts)
        failed = {name for name in changed if name not in parts and not gate.passes(verdicts.get(name))}
        if not failed:
            break
        failing |= failed
        without |= {plan.name: CLOSED for plan in planned.native if plan.name in failed}
        untouched |= {plan.name for plan in planned.bridged if plan.name in failed}
    maps = {name: planned.variable_map(plan) for name, plan in changed.items()}
    records = []
    for plan in planned.plans:
        if chosen is not None and plan.name not in chosen and plan.name not in tried:
            continue
        candidate = tried.get(plan.name, plan)
        record = _record(path, candidate, verdicts.get(plan.name), plan.name in changed, maps.get(plan.name, {}))
        if plan.name not in changed and not candidate.refusals and plan.name not in failing:
            record = replace(record, reason=f"{record.reason}; not written: {_reason(plan)}")
        if plan.name in parts:
            whole = parts[plan.name]
            record = replace(record, reason=f"ran as a part of `{whole}` ({verdicts[whole].status}) alone; {record.reason}")
        records.append(record)
    maps = {name: with_earlier(planned.own_map(plan), earlier, moved=False) for name, plan in changed.items()}
    return FileRun(source, root, text, {**earlier, **maps}, todo(planned, text, path) if changed else []), records


def _record(path: str, plan: ClassPlan, verdict: Any, written: bool, variable_map: Mapping[str, Any]) -> ClassRecord:
    status = "bridged" if plan.bridges else "refused" if plan.refusals else "native"
    if status == "refused":
        return ClassRecord(path, plan.name, plan.cls.node.lineno, status, reason=_reason(plan))
    stays = f"stays Linen ({_reason(plan)})" if plan.refusals else ""
    reason = NOT_VERIFIED if verdict is None else verdict.reason
    return ClassRecord(
        path,
        plan.name,
        plan.cls.node.lineno,
        status,
        "UNVERIFIED" if verdict is None else verdict.status,
        "; ".join(filter(None, (stays, reason))),
        {} if verdict is None else verdict.evidence,
        variable_map,
        tuple(plan.notes) if written else (),
        written,
    )


def closures(text: str) -> dict[str, str]:
    """For each class of a file its text with that of the classes of the file that it names, directly or not."""
    nodes = {node.name: node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef)}
    names = {
        name: {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)} & nodes.keys() for name, node in nodes.items()
    }
    found = {}
    for name in nodes:
        line, seen = [name], {name}
        while line:
            more = names[line.pop()] - seen
            seen |= more
            line += more
        found[name] = "\n".join(ast.unparse(nodes[other]) for other in sorted(seen))
    return found


def _parts(planned: FilePlan, verdicts: Mapping[str, Any]) -> dict[str, str]:
    """Classes without a case of their own that a verified class constructs, with that class."""
    plans = {plan.name: plan for plan in (*planned.native, *planned.bridged)}
    found: dict[str, str] = {}
    for whole in plans:
        if not shown(verdicts.get(whole)):
            continue
        waiting, seen = [*plans[whole].uses, *plans[whole].bridges], {whole}
        while waiting:
            name = waiting.pop()
            if name not in plans or name in seen:
                continue
            seen.add(name)
            waiting += [*plans[name].uses, *plans[name].bridges]
            verdict = verdicts.get(name)
            if verdict is not None and verdict.status == "UNVERIFIED" and verdict.reason.startswith(NO_CASE):
                found.setdefault(name, whole)
    return found


def _reason(plan: ClassPlan) -> str:
    return f"{plan.refusals[0]}" if plan.refusals else ""


def _verify(planned: FilePlan, names: Sequence[str], source: SourceFile, gate: Gate) -> Mapping[str, Any]:
    """Verdicts by class name; user code runs in the verifier's worker only.

    Raises:
        ValueError: `pyproject.toml` has a malformed case.
    """
    from flake8_nnx.verify import verify_cases

    plans = {plan.name: plan for plan in (*planned.native, *planned.bridged)}
    maps = {name: planned.variable_map(plans[name]) for name in names}
    return verify_cases(source.path.resolve(), rewrite(planned), names, maps, gate.cases, **gate.limits)
