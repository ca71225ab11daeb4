"""`flake8-nnx check`: the findings of the flake8 plugin, with the whole project in view.

What a model imports is followed through the files of the project; with `--verify` what is suggested for a class is verified.
"""
from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from flake8_nnx import __version__, versions
from flake8_nnx.baseline import Baseline
from flake8_nnx.cli import console, inputs
from flake8_nnx.cli.linting import lint_project
from flake8_nnx.parallel import processes
from flake8_nnx.rule import Finding
from flake8_nnx.source.declared import Declared
from flake8_nnx.source.project import Project, SourceFile
from flake8_nnx.source.read import SourceError
from flake8_nnx.verdicts import OFF, annotate, carriers, has_store, summary as said
from flake8_nnx.verdicts.sources import Sources
from flake8_nnx.verdicts.store import Stored

STDIN = "-"


class Format(str, Enum):
    text = "text"
    json = "json"
    github = "github"


class FailOn(str, Enum):
    new = "new"
    any = "any"
    never = "never"


def check(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Files and directories; - reads stdin.")],
    select: Annotated[list[str] | None, typer.Option(metavar="CODES", help="Only these: NNX101 or NNX1,NNX2.")] = None,
    ignore: Annotated[list[str] | None, typer.Option(metavar="CODES", help="None of these; the longer wins.")] = None,
    output_format: Annotated[Format, typer.Option(help="github: annotations of a workflow run.")] = Format.text,
    statistics: Annotated[bool, typer.Option("--statistics", help="Count the findings of each code.")] = False,
    module_classes: Annotated[
        list[str] | None,
        typer.Option(
            "--nnx-module-classes", metavar="NAMES", help="Linen classes of other packages, as mylib.layers.Base."
        ),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Verify what is suggested for each class, and store the verdicts.")
    ] = False,
    cases: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --verify: Python file with a list CASES.")
    ] = None,
    timeout: Annotated[float, typer.Option(metavar="S", min=1, help="With --verify: seconds for a class.")] = 120.0,
    memory_mb: Annotated[int, typer.Option("--memory-mb", metavar="N", min=256, help="With --verify.")] = 8192,
    verdicts: Annotated[
        str,
        typer.Option("--nnx-verdicts", metavar="FILE", help=f"Where verdicts are stored; {OFF}: neither store nor show."),
    ] = "",
    cache: Annotated[
        str, typer.Option("--nnx-cache", metavar="DIR", help=f"Where findings are remembered between runs; {OFF}: nowhere.")
    ] = "",
    flax_version: Annotated[
        str, typer.Option("--nnx-flax-version", metavar="VERSION", help="Migrate to this flax; by default the installed one.")
    ] = "",
    baseline: Annotated[
        Path | None, typer.Option("--baseline", metavar="FILE", help="Findings that are known: only new ones are shown.")
    ] = None,
    write_baseline: Annotated[
        Path | None, typer.Option("--write-baseline", metavar="FILE", help="Make all findings known, but for traps (NNX8).")
    ] = None,
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="Exit 1 on new findings, on any (known ones are shown too), or never.")
    ] = FailOn.new,
    jobs: Annotated[int, typer.Option("--jobs", "-j", metavar="N", min=0, help="Processes; 0: one for each core.")] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No summary and no progress.")] = False,
    stdin_name: Annotated[
        str, typer.Option("--stdin-display-name", metavar="PATH", help="What the text on stdin is the content of.")
    ] = "stdin",
) -> None:
    """Find Linen idioms and say what each becomes in NNX.

    [bold]Examples[/bold]

    flake8-nnx check src tests
    flake8-nnx check models.py --select NNX1 --statistics
    flake8-nnx check . --output-format github
    flake8-nnx check models.py --verify --cases cases.py
    """
    wanted = Wanted(console.comma_list(select or []), console.comma_list(ignore or []))
    declared = Declared(frozenset(console.comma_list(module_classes or [])))
    if verify:
        if STDIN in paths:
            console.fail("--verify runs the files: give their paths instead of -")
        console.need_jax("check --verify")
    elif cases is not None:
        console.fail("--cases says how to verify: give --verify as well")
    try:
        cases = inputs.cases_file(cases) if cases is not None else None
        flax = versions.parse(flax_version) if flax_version else versions.installed()
    except (SourceError, ValueError) as error:
        console.fail(error)
    project = Project([Path(path) for path in paths if path != STDIN], declared)
    if STDIN in paths:
        try:
            project.add_text(sys.stdin.buffer.read(), Path(stdin_name))
        except SourceError as error:
            project.errors.append(error)
    places = [] if STDIN in paths else [Path(path) for path in paths]
    with console.progress("linting", quiet) as told:
        found = list(lint_project(project, places, cache=cache, flax=flax, jobs=jobs, progress=told))
    linted = [(file, each) for file, each in found if wanted(each.code)]
    if write_baseline is not None:
        made = written_baseline(write_baseline, linted)
        console.say(f"{made} findings are known to {write_baseline}")
        console.finish(project.errors, False)
    known = [False] * len(linted)
    if baseline is not None:
        known = known_to(baseline, linted, [file.path for file in project.files])
    hidden = known if fail_on is FailOn.new else [False] * len(linted)
    linted = [pair for pair, skip in zip(linted, hidden) if not skip]
    limits = Limits(cases, timeout, memory_mb, jobs, quiet)
    backed = verified(linted, verdicts, limits, project) if verify else stored(linted, verdicts)
    findings = [Row(str(file.path), found, backed.get((file.path, found))) for file, found in linted]
    counts = Counter(row.found.code for row in findings)
    if output_format is Format.json:
        console.print_json(as_json(findings, counts, project))
    elif output_format is Format.github:
        for row in findings:
            print(workflow_command(row))
    else:
        print_text(findings)
    if statistics and output_format is not Format.json:
        names = {row.found.code: row.found.name for row in findings}
        for code, count in sorted(counts.items()):
            line = f"{count:<8}{code} {names[code]}"
            print(line, file=sys.stdout if output_format is Format.text else sys.stderr)
    if not quiet:
        console.say(summary(findings, project))
    if verify and interrupted(backed):
        raise typer.Exit(console.INTERRUPTED)
    console.finish(project.errors, bool(findings) and fail_on is not FailOn.never)


def lines_of(linted: Linted) -> list[tuple[Path, list[str], Finding]]:
    lines = {file: file.source.splitlines() for file in dict.fromkeys(file for file, _ in linted)}
    return [(file.path, lines[file], found) for file, found in linted]


def written_baseline(place: Path, linted: Linted) -> int:
    """Write the baseline, and say how many findings it holds."""
    made = Baseline.of(place, lines_of(linted))
    try:
        made.write()
    except OSError as error:
        console.fail(f"{place} cannot be written: {error.strerror}")
    return sum(made.known.values())


def known_to(place: Path, linted: Linted, files: list[Path]) -> list[bool]:
    """Which findings the baseline knows; a line on stderr says what of it is gone."""
    try:
        known, gone = Baseline.read(place).split(lines_of(linted), files)
    except ValueError as error:
        console.fail(error)
    if any(known):
        console.say(f"{sum(known)} known findings (see {place})")
    if gone:
        console.say(f"{gone} findings of {place} are gone: write it anew with --write-baseline")
    return known


class Wanted:
    """Which codes to report: by the longest prefix in `--select` and `--ignore`, as flake8 decides."""

    def __init__(self, select: list[str], ignore: list[str]) -> None:
        self.select, self.ignore = ([code.upper() for code in codes] for codes in (select, ignore))
        if not (self.select or self.ignore):
            return
        from flake8_nnx.rules import BY_CODE

        for prefix in [*self.select, *self.ignore]:
            if not any(code.startswith(prefix) for code in BY_CODE):
                console.fail(f"no rule has the code {prefix}; `flake8-nnx explain` lists all rules")

    def __call__(self, code: str) -> bool:
        chosen = max((len(prefix) for prefix in self.select if code.startswith(prefix)), default=-1)
        ignored = max((len(prefix) for prefix in self.ignore if code.startswith(prefix)), default=-1)
        return ignored < 0 and not self.select or chosen > ignored


# ---- verdicts -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Back:
    """What is known about the class of a finding: in words, and for each platform."""

    text: str
    rows: Sequence[Stored] = ()
    reason: str = ""


@dataclass(frozen=True)
class Row:
    """A line of the output."""

    path: str
    found: Finding
    back: Back | None

    @property
    def message(self) -> str:
        return f"{self.found.message} {self.back.text}" if self.back else self.found.message


@dataclass(frozen=True)
class Limits:
    """What `--verify` may use."""

    cases: Path | None
    timeout: float
    memory_mb: int
    jobs: int
    quiet: bool


Linted = Sequence[tuple[SourceFile, Finding]]
Backs = Mapping[tuple[Path, Finding], Back]


def by_file(linted: Linted) -> Iterator[tuple[SourceFile, list[Finding]]]:
    """The findings of each file together, as they follow one another."""
    for file, pairs in itertools.groupby(linted, key=lambda pair: pair[0]):
        yield file, [found for _, found in pairs]


def stored(linted: Linted, store: str) -> Backs:
    """The verdicts that flake8 shows as well."""
    sources = Sources()
    return {
        (file.path, found): Back(said(rows), rows, "; ".join(dict.fromkeys(row.reason for row in rows)))
        for file, findings in by_file(linted)
        if has_store(str(file.path), store)  # trees of remembered files are not parsed for nothing
        for found, rows in annotate(findings, file.tree, file.source, str(file.path), store, sources).items()
    }


def verified(linted: Linted, store: str, limits: Limits, project: Project) -> Backs:
    """New verdicts on the classes that have findings; what could not be stored is added to `project.errors`."""
    from flake8_nnx.migrate.backed import Target, back

    carried = {file.path: carriers(findings, file.tree) for file, findings in by_file(linted)}
    targets = [
        Target(file.path, file.source, list(carried[file.path]), store, file.root)
        for file, _ in by_file(linted)
        if carried[file.path]
    ]
    workers = processes(limits.jobs)
    try:
        with console.progress("verifying", limits.quiet) as told:
            found, errors = back(
                targets, limits.cases, timeout=limits.timeout, memory_mb=limits.memory_mb, workers=workers, progress=told
            )
    except ValueError as error:  # a malformed case in pyproject.toml
        console.fail(error)
    project.errors += errors
    return {
        (one.path, carried[one.path][one.name]): Back(
            said(one.rows) or f"[{one.status.lower()}: {one.reason}]", one.rows, one.reason
        )
        for one in found
    }


def interrupted(backs: Backs) -> bool:
    from flake8_nnx.verify.verdict import INTERRUPTED

    return any(back.reason == INTERRUPTED for back in backs.values())


# ---- output -------------------------------------------------------------------------------------------------------


def print_text(findings: Sequence[Row]) -> None:
    """`path:line:column: CODE message [verdict]`, one line each, columns from 1."""
    out = console.stdout()
    for row in findings:
        found = row.found
        if not out.is_terminal:
            print(f"{row.path}:{found.line}:{found.col + 1}: {found.code} {row.message}")
            continue
        place = (row.path, "bold"), (f":{found.line}:{found.col + 1}: ", "dim")
        out.print(Text.assemble(*place, (found.code, "bold yellow"), " ", row.message), soft_wrap=True)


def as_json(findings: Sequence[Row], counts: Counter[str], project: Project) -> dict[str, Any]:
    """What `--output-format json` prints; lines and columns count from 1, `end_column` is behind the last character."""
    return {
        "tool": "flake8-nnx",
        "version": __version__,
        "files": len(project.files),
        "findings": [
            {
                "file": row.path,
                "line": row.found.line,
                "column": row.found.col + 1,
                "end_line": row.found.end_line,
                "end_column": row.found.end_col + 1,
                "code": row.found.code,
                "name": row.found.name,
                "message": row.found.message,
                "fix": row.found.fix,
                "verdict": back_as_json(row.back) if row.back else None,
            }
            for row in findings
        ],
        "statistics": dict(sorted(counts.items())),
        "errors": [{"file": error.file, "line": error.line, "message": error.message} for error in project.errors],
    }


def back_as_json(back: Back) -> dict[str, Any]:
    """A verdict as JSON; `status` is the worst of the platforms."""
    order = ("DIFFERS", "MATCHED", "PROVED")
    platforms = [
        {"platform": row.platform, "status": row.status, "place": row.place, "reason": row.reason} for row in back.rows
    ]
    status = min((row.status for row in back.rows), key=order.index, default="UNVERIFIED")
    return {"status": status, "text": back.text, "reason": back.reason, "platforms": platforms}


def workflow_command(row: Row) -> str:
    """An annotation as GitHub Actions reads it from the log."""
    place = f"file={_escaped(row.path, ':,')},line={row.found.line},col={row.found.col + 1}"
    return f"::error {place},title={_escaped(row.found.code, ':,')}::{_escaped(row.message)}"


def _escaped(text: str, more: str = "") -> str:
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def summary(findings: Sequence[Row], project: Project) -> str:
    checked = _count(len(project.files), "file")
    if not project.files:
        return "no Python files"
    if not findings:
        return f"no findings in {checked}"
    return f"{_count(len(findings), 'finding')} in {len({row.path for row in findings})} of {checked}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
