"""Verdicts that were stored for classes, shown with their findings for as long as nothing they rest on has changed.

The standard library only: neither jax nor flax is imported, and nothing of a store is executed.
"""
from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from flake8_nnx.rule import Finding
from flake8_nnx.verdicts.place import store_of

if TYPE_CHECKING:
    from flake8_nnx.verdicts.sources import Sources
    from flake8_nnx.verdicts.store import Stored

# The finding that carries the verdict of its class: the first of these that the class has.
CARRIERS = ("NNX103", "NNX101", "NNX102")
WORDS = {"PROVED": "proved equal", "MATCHED": "matched", "DIFFERS": "differs"}
ANY = "any"  # the platform of a difference that was found before anything ran
OFF = "off"


def annotate(
    findings: Sequence[Finding], tree: ast.Module, text: str, file: str, store: str = "", sources: Sources | None = None
) -> dict[Finding, list[Stored]]:
    """The stored verdicts of the findings that carry one; a store that cannot be read has none.

    Args:
        tree, text: the file as it is linted, which need not be saved.
        file: its path.
        store: the file of verdicts, `off` for none; by default that of the project (see `place.store_of`).
        sources: what is known of other files of the project.
    """
    if not has_store(file, store) or not any(finding.code in CARRIERS for finding in findings):
        return {}
    path = os.path.abspath(file)
    carried = carriers(findings, tree)
    if not carried:
        return {}
    from flake8_nnx.verdicts.lookup import look_up

    found = look_up(store or store_of(path), list(carried), tree, text, path, sources)
    return {carried[name]: rows for name, rows in found.items()}


def has_store(file: str, store: str = "") -> bool:
    """Whether there are stored verdicts at all for a file; the arguments are those of `annotate`."""
    return store != OFF and os.path.isfile(store or store_of(file))


def carriers(findings: Iterable[Finding], tree: ast.Module) -> dict[str, Finding]:
    """The finding that carries the verdict, by class; only classes that the top level of the file defines once."""
    candidates = sorted((f for f in findings if f.code in CARRIERS), key=lambda f: CARRIERS.index(f.code))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    names = [node.name for node in classes]
    found: dict[str, Finding] = {}
    for finding in candidates:
        holding = [node for node in classes if node.lineno <= finding.line <= (node.end_lineno or node.lineno)]
        if holding and names.count(holding[0].name) == 1 and not _in_inner_class(holding[0].body, finding.line):
            found.setdefault(holding[0].name, finding)
    return found


def _in_inner_class(body: Iterable[ast.AST], line: int) -> bool:
    """Whether a line is inside a class that a body defines; only statements have a body."""
    for node in body:
        if getattr(node, "lineno", line) <= line <= (getattr(node, "end_lineno", None) or line):
            below = [inner for name in ("body", "orelse", "finalbody", "handlers", "cases") for inner in getattr(node, name, ())]
            if isinstance(node, ast.ClassDef) or _in_inner_class(below, line):
                return True
    return False


def summary(rows: Iterable[Stored]) -> str:
    """`[matched: cpu]`, `[differs: cpu: Dense_0]`, `[proved equal but for decode: cpu, gpu]`."""
    groups: dict[tuple[str, str], list[str]] = {}
    for row in sorted(rows, key=lambda row: row.platform):
        platform = "any device" if row.platform == ANY else row.platform
        groups.setdefault((row.status, row.place), []).append(platform)
    parts = [_words(status, place, ", ".join(where)) for (status, place), where in groups.items()]
    return f"[{'; '.join(parts)}]" if parts else ""


def _words(status: str, place: str, where: str) -> str:
    if status == "DIFFERS":
        return ": ".join(filter(None, (WORDS[status], where, place)))
    return f"{WORDS[status]}{f' but for {place}' if place else ''}: {where}"
