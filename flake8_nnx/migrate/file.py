"""Writes planned files: the new texts, and what is left to do by hand."""
from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from libcst import ParserSyntaxError

from flake8_nnx.lint import lint_source
from flake8_nnx.migrate import left_over, refuse, renamed, sound
from flake8_nnx.migrate.classes import Unmatched, rewrite_classes
from flake8_nnx.migrate.edits import CodeEdits
from flake8_nnx.migrate.excerpt import Excerpt
from flake8_nnx.migrate.imports import fix_imports, read_names
from flake8_nnx.migrate.model import FilePlan
from flake8_nnx.migrate.placed import Edits
from flake8_nnx.migrate.project import plan_files, settle
from flake8_nnx.migrate.spans import Span, Spans, inside
from flake8_nnx.parallel import ordered, processes
from flake8_nnx.rules._text import is_assigned, nnx_function
from flake8_nnx.source.linen import Facts
from flake8_nnx.source.read import SourceError, parse

FEW = 8  # files for which another process is not worth its start


def plan_file(source: str, filename: str, keep_running: bool = True) -> FilePlan:
    """Plan every Linen class of one file by itself; with `keep_running`, what a remaining Linen class uses stays as it is.

    Raises:
        SourceError: the text is not Python, or nested too deeply to be followed.
    """
    (found,) = plan_files([(source, Facts(parse(source, filename), filename, source=source))], keep_running)
    if isinstance(found, SourceError):
        raise found
    return found


def rewrite(found: FilePlan) -> str:
    """The new text of a file that was planned by itself."""
    return rewrite_files([found])[0]


def rewrite_files(files: Sequence[FilePlan], jobs: int = 1) -> list[str]:
    """The new texts of files that were planned together; the old ones where no class can move, or be rewritten.

    Args:
        files: the plans, which refuse more classes where that shows here.
        jobs: processes that write.
    """
    texts: dict[tuple[int, ...], str | None] = {}
    while True:
        written = [(*file.native, *file.bridged) for file in files]
        keys = [(place, bool(file.around), *map(id, plans)) for place, (file, plans) in enumerate(zip(files, written))]
        waiting = {key: file for file, key in zip(files, keys) if key not in texts}
        texts.update(zip(waiting, _rewritten(list(waiting.values()), jobs)))
        found = [text for key in keys if (text := texts[key]) is not None]
        if len(found) == len(files):
            return found
        settle(files, keep_running=True)


@dataclass(frozen=True)
class Job:
    """What a process is given to write a file."""

    edits: Edits
    part: Excerpt
    read: set[str]  # the names that the old text reads
    renamed: dict[str, dict[str, str]]  # class -> attributes that get another name


@dataclass(frozen=True)
class Failed:
    """Why a file was not written, and the places that were not found."""

    reason: str
    places: set[Span] = field(default_factory=set)


def _rewritten(files: Sequence[FilePlan], jobs: int) -> list[str | None]:
    """The new texts; None where classes had to be refused, so that what needs them has to be looked at again."""
    todo = [_job(file) for file in files]
    numbers = [number for number, job in enumerate(todo) if job is not None]
    jobs = max(1, min(processes(jobs), len(numbers) // FEW))
    done = dict(zip(numbers, ordered(partial(_written, todo), numbers, jobs, partial, _written, todo)))
    return [_told(file, done[number]) if number in done else file.source for number, file in enumerate(files)]


def _job(found: FilePlan) -> Job | None:
    native = found.native
    if not native and not found.bridged and not found.around:
        return None
    functions = {}
    if len(native) == len(found.plans):  # no Linen class is left, so plain functions lose their Linen spelling as well
        functions = linen_functions(found.facts, {plan.cls.node for plan in native})
    around = replace(found.around, removed={*found.around.removed, *left_over.removed(found)})
    edits = Edits(found.source, native, functions, found.bridged, around)
    names = {plan.name: new for plan in native if (new := renamed.names(plan.cls, found.facts))}
    return Job(edits, edits.excerpt(found.facts.tree), read_names(found.facts.names), names)


def _written(jobs: Sequence[Job | None], number: int) -> str | Failed:
    job = jobs[number]
    assert job is not None
    try:
        new = renamed.attributes(fix_imports(job.read, rewrite_classes(job.edits, job.part)), job.renamed)
        reason = sound.problem(job.edits.source.decode(), new, job.read)
        return new if reason is None else Failed(reason)
    except Unmatched as error:
        return Failed("an expression of it could not be matched with the concrete syntax tree", error.places)
    except RecursionError:
        return Failed("the file is nested too deeply to be rewritten")
    except (SyntaxError, ParserSyntaxError):
        return Failed(sound.BROKEN)


def _told(found: FilePlan, result: str | Failed) -> str | None:
    """The text, or None once the classes that are the reason are refused."""
    if isinstance(result, str):
        return result
    refused, spans = found.native, Spans(found.source)
    here = [plan for plan in refused if any(inside(place, spans.of(plan.cls.node)) for place in result.places)]
    if result.places and not here and found.around and not found.bridged:
        found.around = CodeEdits()  # and with it the rest of its program, see `migrate.run`
        return None
    if here and not found.bridged:  # what wraps them was planned for all of them
        refused = here
    for plan in refused:
        refuse.add(plan, plan.cls.node, result.reason)
    for plan in found.bridged:
        plan.bridges.clear()
    return None


def linen_functions(facts: Facts, skip: set[ast.ClassDef]) -> dict[ast.AST, str]:
    """Linen functions outside of the migrated classes, with their NNX spelling."""
    found: dict[ast.AST, str] = {}
    stack: list[ast.AST] = [facts.tree]
    while stack:
        node = stack.pop()
        if node in skip:
            continue
        if isinstance(node, (ast.Name, ast.Attribute)):
            new = nnx_function(node, facts)
            if facts.linen_name(node) == "Module" and not is_assigned(node, facts):
                new = "nnx.Module"
            if new is not None:
                found[node] = new
                continue
        stack.extend(ast.iter_child_nodes(node))
    return found


def todo(found: FilePlan, new: str, filename: str) -> list[str]:
    """What the file still needs by hand: constructions without the new arguments, and Linen that is left."""
    notes = [f"{plan.name}: {note}" for plan in (*found.native, *found.bridged) for note in plan.notes]
    notes += left_over.notes(found)
    done = found.around.places()
    inside = {node for plan in found.native for node in plan.cls.nodes}
    inside |= {call for plan in found.bridged for call in plan.first}
    inside |= {node for function in left_over.removed(found) for node in ast.walk(function)}
    calls = [node for node in found.facts.names.nodes if isinstance(node, ast.Call) and node not in inside]
    outside = [node for node in calls if (node.lineno, node.col_offset) not in done]
    for plan in found.native:
        fields = found.facts.fields_of(plan.cls)
        required = [p.name for p in plan.parameters if p.name not in (*fields, *plan.optional_arguments)]
        if not plan.parameters and not plan.init:
            continue
        for node in outside:
            ref = found.facts.module_class(node.func)
            if ref is not None and ref.local is plan.cls:
                extra = ", ".join([*required, "rngs=nnx.Rngs(…)"])
                notes.append(f"line {node.lineno}: `{ast.unparse(node)[:60]}` now needs {extra}")
    left = Facts(ast.parse(new), filename).classes
    linen = {line for cls in left for line in range(cls.node.lineno, (cls.node.end_lineno or 0) + 1)}
    findings = lint_source(new, filename)
    # Classes that stay Linen are reported with their refusals; what is left is the code around the classes.
    around = [finding for finding in findings if finding.line not in linen]
    notes += [f"line {finding.line} of the new text: {finding.code} {finding.message}" for finding in around]
    return notes
