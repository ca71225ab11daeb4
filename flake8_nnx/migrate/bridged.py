"""A run with bridges: file by file, until everything that would be written has passed with the neighbours that it will have."""
from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from flake8_nnx.migrate.file import rewrite, todo
from flake8_nnx.migrate.gradual import plan_bridged
from flake8_nnx.migrate.model import ClassPlan, ClassRecord, FilePlan
from flake8_nnx.migrate.run import FileRun, MigrationRun
from flake8_nnx.migrate.write import SourceFile, read_file
from flake8_nnx.source.read import SourceError, python_files
from flake8_nnx.variable_map import read_maps, with_earlier

Gate = Callable[..., Mapping[str, Any]]  # (plan of a file, names of classes) -> verdicts by name
NOT_VERIFIED = "not verified (--verify runs both on your devices)"
NO_CASE = "no case: "  # how the verifier says so


def migrate_bridged(
    paths: Sequence[Path],
    *,
    verify: bool = False,
    cases: Path | None = None,
    unverified: bool = False,
    timeout: float = 120.0,
    device: str | None = None,
    only: Mapping[Path, Collection[str]] | None = None,
) -> MigrationRun:
    """Migrate the Linen classes below these paths, with bridges between those that move and those that stay.

    The arguments are those of `flake8_nnx.migrate.run.migrate_paths`, and `only`, the classes to migrate by their file; all
    others stay what they are.
    """
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
            judge = partial(_verify, source=source, cases=cases, timeout=timeout, device=device)
            gate = judge if verify or cases is not None else None
            file_run, records = _migrate_file(source, root, gate, unverified, chosen.get(path.resolve()))
        except (SourceError, ValueError) as error:
            run.errors.append(str(error))
            continue
        if records:
            run.files.append(file_run)
            run.classes += records
            run.todo += [f"{path}: {note}" for note in file_run.todo]
    return run


def _migrate_file(
    source: SourceFile, root: Path, gate: Gate | None, unverified: bool, chosen: Collection[str] | None
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
        if gate is not None and fresh:
            verdicts |= gate(planned, fresh)
            judged |= {name: texts[name] for name in fresh}
        parts = _parts(planned, verdicts)
        failed = {name for name in changed if name not in parts and not _passes(verdicts.get(name), unverified)}
        if not failed:
            break
        failing |= failed
        without |= {plan.name: "not verified" for plan in planned.native if plan.name in failed}
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
        if not _passes(verdicts.get(whole), unverified=False):
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


def _passes(verdict: Any, unverified: bool) -> bool:
    if verdict is not None and verdict.status in ("PROVED", "MATCHED"):
        return True
    return unverified and (verdict is None or verdict.status == "UNVERIFIED")


def _reason(plan: ClassPlan) -> str:
    return f"{plan.refusals[0]}" if plan.refusals else ""


def _verify(
    planned: FilePlan,
    names: Sequence[str] | None = None,
    *,
    source: SourceFile,
    cases: Path | None,
    timeout: float,
    device: str | None,
) -> Mapping[str, Any]:
    """Verdicts by class name; user code runs in the verifier's worker only.

    Raises:
        ValueError: `pyproject.toml` has a malformed case.
    """
    from flake8_nnx.verify import verify_cases

    path = source.path.resolve()
    plans = {plan.name: plan for plan in (*planned.native, *planned.bridged)}
    names = list(plans) if names is None else names
    maps = {name: planned.variable_map(plans[name]) for name in names}
    return verify_cases(path, rewrite(planned), names, maps, cases, timeout=timeout, device=device) if names else {}
