"""Findings backed by verdicts: the suggested NNX class is made in memory, verified against the Linen class, and remembered.

No file is changed but the store of verdicts.
"""
from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flake8_nnx.migrate.file import rewrite_files
from flake8_nnx.migrate.model import ClassPlan, FilePlan
from flake8_nnx.migrate.together import Together
from flake8_nnx.source.project import Project, SourceFile
from flake8_nnx.source.read import SourceError, read_source
from flake8_nnx.verdicts import ANY, OFF
from flake8_nnx.verdicts.closure import Key, key
from flake8_nnx.verdicts.lookup import versions
from flake8_nnx.verdicts.place import store_of
from flake8_nnx.verdicts.sources import Sources
from flake8_nnx.verdicts.store import Stored, write
from flake8_nnx.verdicts.text import digest

CHANGED = "a file that it depends on changed meanwhile; run again"
COMPUTED = "something it uses imports modules by names that only a run tells"
NOT_HERE = "its base class is not known to be a Linen module from this file alone"
CASE = re.compile(r"^(?:case \d+ of \d+ \(\w+\)|\d+ cases): ")
DEVICE_OF_DIFFERENCE = re.compile(r"^\w+ \w+ on ([a-z]+)(?::\d+)?:")
SUBMODULE = re.compile(r"(after )?submodule ([^\s(,:;]+)")
CLIPPED = 60  # characters of a reason that stands for a place


@dataclass(frozen=True)
class Target:
    """A file and those of its classes that are to be verified; `store` is where their verdicts go."""

    path: Path
    text: str
    classes: Sequence[str]
    store: str = ""
    root: Path | None = None  # the directory that was asked for, for its imports


@dataclass(frozen=True)
class Backed:
    """What was found out about one class; `rows` are what the store now says of it, none when nothing was shown."""

    path: Path
    name: str
    status: str
    reason: str
    rows: tuple[Stored, ...] = ()
    kept: bool = True  # whether flake8 will find the rows again


def back(
    targets: Sequence[Target], cases: Path | None = None, *, timeout: float = 120.0, memory_mb: int = 8192, **run: Any
) -> tuple[list[Backed], list[SourceError]]:
    """Verify the suggested replacement of every class, store the verdicts, and say what could not be stored.

    Args:
        targets: what to verify; each text is that of the file on disk.
        cases: a Python file with a list `CASES`; other classes have configured, recorded or synthesised cases.
        timeout, memory_mb: limits for one class, in seconds and MiB.
        run: `workers` and `progress` of `flake8_nnx.verify.verify_files`.

    Raises:
        ValueError: `pyproject.toml` has a malformed case.
    """
    from flake8_nnx.verify import verify_files

    found: list[Backed] = []
    jobs: list[dict[str, Any]] = []
    waiting: list[tuple[Target, str, Key | None]] = []
    project = Project([], spelt=True)
    files = [project.give(target.text, target.path, target.root or target.path.parent) for target in targets]
    together = Together(files)
    for target, file in zip(targets, files):
        planned, reasons = _plan(together, file)
        texts = rewrite_files(planned)
        plans = {plan.name: plan for plan in planned[0].native} if planned else {}
        sources = _sources(target)
        for name in target.classes:
            if name not in plans:
                found.append(Backed(target.path, name, "UNVERIFIED", reasons(name)))
                continue
            jobs.append(_job(target.path, plans[name], planned, texts, cases))
            waiting.append((target, name, _key(sources, target, name)))
    verdicts = verify_files(jobs, timeout=timeout, memory_mb=memory_mb, **run) if jobs else []
    found += [_judge(*item, verdict) for item, verdict in zip(waiting, verdicts)]
    return found, _store(targets, found)


def _plan(together: Together, file: SourceFile) -> tuple[list[FilePlan], Callable[[str], str]]:
    """The plan of a file with those that it rests on, and why a class of it has no replacement."""
    try:
        planned = together.of(file)
    except SourceError as error:
        message = str(error)
        return [], lambda name: message
    refusals = {plan.name: plan.refusals for plan in planned[0].plans}  # more are added by `rewrite_files`
    return planned, lambda name: f"not rewritten: {refusals[name][0]}" if refusals.get(name) else NOT_HERE


def _job(
    path: Path, plan: ClassPlan, files: Sequence[FilePlan], texts: Sequence[str], cases: Path | None
) -> dict[str, Any]:
    from flake8_nnx.verify.origins import job_cases

    old = {"path": str(path.resolve()), "class": plan.name}
    changed = {str(Path(file.facts.filename).resolve()): text for file, text in zip(files, texts) if text != file.source}
    new = {**old, "source": texts[0], "others": {place: text for place, text in changed.items() if place != old["path"]}}
    return {"old": old, "new": new, **job_cases(path, plan.name, cases), "variable_map": files[0].variable_map(plan)}


def _judge(target: Target, name: str, before: Key | None, verdict: Any) -> Backed:
    """The verdict of one class with what it holds for."""
    if verdict is None or verdict.status == "UNVERIFIED":
        return Backed(target.path, name, "UNVERIFIED", "no case" if verdict is None else verdict.reason)
    try:
        text = read_source(target.path)
    except SourceError:
        text = ""
    if text != target.text or _key(_sources(target), target, name) != before:
        return Backed(target.path, name, "UNVERIFIED", CHANGED)
    known = before or Key("", "", {}, frozenset())
    rows = tuple(
        Stored(
            name,
            known.own,
            known.full,
            versions(known.heads),
            platform,
            digest(target.text),
            known.inputs,
            verdict.status,
            place_of(verdict.reason) if verdict.status == "DIFFERS" else ", ".join(verdict.evidence.get("not run", ())),
            verdict.reason,
        )
        for platform in platforms(verdict)
    )
    return Backed(target.path, name, verdict.status, verdict.reason, rows, before is not None)


def _sources(target: Target) -> Sources:
    sources = Sources()
    sources.add(os.path.abspath(target.path), target.text)
    return sources


def _key(sources: Sources, target: Target, name: str) -> Key | None:
    try:
        return key(sources, os.path.abspath(target.path), name)
    except RecursionError:
        return None


def platforms(verdict: Any) -> list[str]:
    """The device platforms that a verdict is about, `ANY` for a difference that was found before anything ran."""
    if verdict.status == "DIFFERS":
        match = DEVICE_OF_DIFFERENCE.match(CASE.sub("", verdict.reason))
        return [match[1] if match else ANY]
    return list(verdict.platforms)


def place_of(reason: str) -> str:
    """The module that a difference is blamed on, or the start of its reason."""
    found = SUBMODULE.search(reason)
    if found:
        return f"{found[1] or ''}{found[2]}"
    said = DEVICE_OF_DIFFERENCE.sub("", CASE.sub("", reason)).strip()
    return said if len(said) <= CLIPPED else said[:CLIPPED].rpartition(" ")[0] + " ..."


def _store(targets: Sequence[Target], found: Sequence[Backed]) -> list[SourceError]:
    """Write the verdicts to the stores of their files; what could not be stored."""
    stores = {target.path: target.store or store_of(str(target.path)) for target in targets}
    errors = [SourceError(str(b.path), f"the verdict on {b.name} is not stored: {COMPUTED}") for b in found if not b.kept]
    for store in dict.fromkeys(stores.values()):
        rows = [row for backed in found if backed.kept and stores[backed.path] == store for row in backed.rows]
        try:
            if rows and store != OFF:
                write(store, rows)
        except OSError as error:
            errors.append(SourceError(str(error.filename or store), error.strerror or str(error)))
    return errors
