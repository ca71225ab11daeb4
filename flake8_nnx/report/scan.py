"""One file to its entry: its module classes with plan, verdict and state, and the findings around them.

Runs in worker processes as well; the result depends on the file and on what it imports alone, never on which process it was.
"""
from __future__ import annotations

import ast
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from flake8_nnx.lint import drop_suppressed, lint_facts, relevant
from flake8_nnx.migrate.file import rewrite
from flake8_nnx.migrate.model import ClassPlan, FilePlan
from flake8_nnx.migrate.together import Together
from flake8_nnx.report import effort
from flake8_nnx.report.model import ClassEntry, FileEntry, Issue, State
from flake8_nnx.report.owners import owners_of
from flake8_nnx.rule import Finding
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.project import Definition, SourceFile
from flake8_nnx.source.read import SourceError, noqa_lines, parse
from flake8_nnx.verdicts import annotate, carriers
from flake8_nnx.verdicts.store import Stored

GOOD = ("PROVED", "MATCHED")
WORST = ("DIFFERS", "MATCHED", "PROVED")
MAX_DEPTH = 10


def scan(file: SourceFile, root: Path, store: str, together: Together) -> FileEntry | None:
    """The entry of a file, None when there is nothing to say about it.

    Args:
        together: plans the files of the report.
        root: the directory that was asked for; paths are shown from its parent.
        store: the file of verdicts, `off` for none, `""` for that of the project.

    Raises:
        SourceError: the file cannot be read, or is not Python.
    """
    source = file.source
    if not relevant(source):
        return None
    try:
        findings = drop_suppressed(lint_facts(file.facts), noqa_lines(source))
    except RecursionError:
        raise SourceError(str(file.path), "is nested too deeply to be checked") from None
    planned = together.of(file)[0] if "flax" in source else None
    path = shown(file.path, root)
    verdicts = _verdicts(findings, file, store)
    classes = [*_linen(file, root, planned, findings, verdicts), *_nnx(file, root, findings)]
    classes.sort(key=lambda entry: (entry.line, entry.name))
    if not classes and not findings:
        return None
    outside = [f for f in findings if not any(entry.line <= f.line <= entry.end_line for entry in classes)]
    issues = tuple(Issue(f.line, f.col + 1, f.end_line, f.end_col + 1, f.code, f.message) for f in findings)
    package = path.rpartition("/")[0] or "."
    around = effort.around(len(outside))
    return FileEntry(path, package, owners_of(file.path), source.count("\n") + 1, tuple(classes), issues, around)


def shown(path: Path, root: Path) -> str:
    """A path as the report names it: from here if it is below, else from the parent of what was asked for."""
    real, here = os.path.abspath(path), os.getcwd()
    base = here if real.startswith(here + os.sep) else os.path.dirname(os.path.abspath(root))
    return os.path.relpath(real, base).replace(os.sep, "/")


# ---- classes ------------------------------------------------------------------------------------------------------


def _linen(
    file: SourceFile,
    root: Path,
    planned: FilePlan | None,
    findings: Sequence[Finding],
    verdicts: Mapping[str, Sequence[Stored]],
) -> Iterator[ClassEntry]:
    proposals = _proposals(planned) if planned and planned.native else {}
    for plan in planned.plans if planned else ():
        rows = verdicts.get(plan.name, ())
        state, blockers = judged(plan, rows)
        yield _entry(file, root, plan.cls.node, state, blockers, findings, rows, proposals.get(plan.name, ""))


def judged(plan: ClassPlan, rows: Sequence[Stored]) -> tuple[State, tuple[str, ...]]:
    """The state of a class that is Linen, and what stands in the way or wants to be looked at."""
    if plan.refusals:
        return "manual", tuple(f"line {refusal.line}: {refusal.reason}" for refusal in plan.refusals)
    different = [row for row in rows if row.status not in GOOD]
    if different:
        return "review", tuple(f"the proposal differs: {row.reason}" for row in different)
    if rows:
        return "verified", ()
    sizes = [f"line {plan.cls.node.lineno}: `{name}` becomes a parameter of the constructor" for name in plan.open_sizes]
    notes = tuple(dict.fromkeys([*plan.notes, *sizes]))
    # A parameter for a size is visible, and a wrong one is an error at the first call: nothing that could pass unnoticed.
    return ("review" if plan.notes else "automatic", notes)


def _nnx(file: SourceFile, root: Path, findings: Sequence[Finding]) -> Iterator[ClassEntry]:
    for node in file.facts.names.nodes:
        if isinstance(node, ast.ClassDef) and is_nnx(node, file.facts):
            yield _entry(file, root, node, "nnx", (), findings, (), "")


def is_nnx(node: ast.ClassDef, facts: Facts, depth: int = 0) -> bool:
    """Whether a class derives from nnx.Module, also by way of classes of its file."""
    for base in node.bases:
        if (facts.origin(base) or "").startswith("flax.nnx") and (facts.origin(base) or "").endswith("Module"):
            return True
        binding = facts.names.binding(base) if isinstance(base, ast.Name) else None
        above = binding.node if binding is not None and binding.kind == "class" else None
        if isinstance(above, ast.ClassDef) and above is not node and depth < MAX_DEPTH and is_nnx(above, facts, depth + 1):
            return True
    return False


def _entry(
    file: SourceFile,
    root: Path,
    node: ast.ClassDef,
    state: State,
    blockers: tuple[str, ...],
    findings: Sequence[Finding],
    rows: Sequence[Stored],
    proposed: str,
) -> ClassEntry:
    last = node.end_lineno or node.lineno
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    codes = Counter(f.code for f in findings if first <= f.line <= last)
    source = "\n".join(file.source.splitlines()[first - 1 : last])
    return ClassEntry(
        file=shown(file.path, root),
        name=node.name,
        line=first,
        end_line=last,
        state=state,
        blockers=blockers,
        depends=tuple(sorted(dependencies(file, root, node))),
        verdict=_verdict(rows),
        source=source,
        proposed=proposed,
        codes=dict(sorted(codes.items())),
        minutes=effort.of_class(state, len(blockers), last - first + 1),
    )


def dependencies(file: SourceFile, root: Path, node: ast.ClassDef) -> set[str]:
    """Ids of what a class may need: every class of this file and every top-level name of another that it mentions."""
    found = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
            binding = file.facts.names.binding(inner)
            if binding is not None and binding.kind == "class" and binding.node is not node:
                found.add(f"{shown(file.path, root)}::{inner.id}")
                continue
        if isinstance(inner, (ast.Name, ast.Attribute)) and (origin := file.facts.origin(inner)):
            target = file.resolve(origin)
            if isinstance(target, Definition) and target.binding.kind == "class":
                found.add(f"{shown(target.file.path, root)}::{target.name}")
    return found


# ---- texts and verdicts ---------------------------------------------------------------------------------------------


def _proposals(planned: FilePlan) -> dict[str, str]:
    """What each class that can move becomes."""
    new = rewrite(planned)
    lines = new.splitlines()
    native = {plan.name for plan in planned.native}
    found = {}
    for node in ast.walk(parse(new, "<new>")):
        if isinstance(node, ast.ClassDef) and node.name in native:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            found[node.name] = "\n".join(lines[first - 1 : node.end_lineno])
    return found


def _verdicts(findings: Sequence[Finding], file: SourceFile, store: str) -> dict[str, Sequence[Stored]]:
    backed = annotate(findings, file.tree, file.source, str(file.path), store)
    return {name: backed[finding] for name, finding in carriers(findings, file.tree).items() if finding in backed}


def _verdict(rows: Sequence[Stored]) -> dict[str, object] | None:
    if not rows:
        return None
    worst = min(rows, key=lambda row: WORST.index(row.status) if row.status in WORST else 0)
    platforms = sorted({row.platform for row in rows})
    return {"status": worst.status, "reason": worst.reason, "platforms": platforms}
