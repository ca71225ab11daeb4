"""`flake8-nnx check`: the findings of the flake8 plugin, with the whole project in view.

What a model imports from other files of the project is followed, which flake8, one file at a time, cannot do.
"""
from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from flake8_nnx import __version__
from flake8_nnx.cli import console
from flake8_nnx.lint import drop_suppressed, lint_facts, relevant
from flake8_nnx.rule import Finding
from flake8_nnx.source.declared import Declared
from flake8_nnx.source.project import Project, SourceFile
from flake8_nnx.source.read import SourceError, noqa_lines

STDIN = "-"


class Format(str, Enum):
    text = "text"
    json = "json"
    github = "github"


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
    stdin_name: Annotated[
        str, typer.Option("--stdin-display-name", metavar="PATH", help="What the text on stdin is the content of.")
    ] = "stdin",
) -> None:
    """Find Linen idioms and say what each becomes in NNX.

    [bold]Examples[/bold]

    flake8-nnx check src tests
    flake8-nnx check models.py --select NNX1 --statistics
    flake8-nnx check . --output-format github
    """
    wanted = Wanted(console.comma_list(select or []), console.comma_list(ignore or []))
    declared = Declared(frozenset(console.comma_list(module_classes or [])))
    project = Project([Path(path) for path in paths if path != STDIN], declared)
    if STDIN in paths:
        try:
            project.add_text(sys.stdin.buffer.read(), Path(stdin_name))
        except SourceError as error:
            project.errors.append(error)
    findings = [(str(file.path), found) for file, found in lint_project(project) if wanted(found.code)]
    counts = Counter(found.code for _, found in findings)
    if output_format is Format.json:
        console.print_json(as_json(findings, counts, project))
    elif output_format is Format.github:
        for path, found in findings:
            print(workflow_command(path, found))
    else:
        print_text(findings)
    if statistics and output_format is not Format.json:
        names = {found.code: found.name for _, found in findings}
        for code, count in sorted(counts.items()):
            line = f"{count:<8}{code} {names[code]}"
            print(line, file=sys.stdout if output_format is Format.text else sys.stderr)
    console.say(summary(findings, project))
    console.finish(project.errors, bool(findings))


class Wanted:
    """Which codes to report: by the longest prefix in `--select` and `--ignore`, as flake8 decides."""

    def __init__(self, select: list[str], ignore: list[str]) -> None:
        from flake8_nnx.rules import BY_CODE

        self.select, self.ignore = ([code.upper() for code in codes] for codes in (select, ignore))
        for prefix in [*self.select, *self.ignore]:
            if not any(code.startswith(prefix) for code in BY_CODE):
                console.fail(f"no rule has the code {prefix}; `flake8-nnx explain` lists all rules")

    def __call__(self, code: str) -> bool:
        chosen = max((len(prefix) for prefix in self.select if code.startswith(prefix)), default=-1)
        ignored = max((len(prefix) for prefix in self.ignore if code.startswith(prefix)), default=-1)
        return ignored < 0 and not self.select or chosen > ignored


def lint_project(project: Project) -> Iterator[tuple[SourceFile, Finding]]:
    """The findings of every file, in the order of the files; what cannot be linted is added to `project.errors`."""
    for file in project.parsed():
        if not relevant(file.source):
            file.forget_tree()
            continue
        try:
            findings = drop_suppressed(lint_facts(file.facts), noqa_lines(file.source))
        except RecursionError:
            project.errors.append(SourceError(str(file.path), "is nested too deeply to be checked"))
        else:
            yield from ((file, found) for found in findings)


# ---- output -------------------------------------------------------------------------------------------------------


def print_text(findings: list[tuple[str, Finding]]) -> None:
    """`path:line:column: CODE message`, one line each, columns from 1."""
    out = console.stdout()
    for path, found in findings:
        if not out.is_terminal:
            print(f"{path}:{found.line}:{found.col + 1}: {found.code} {found.message}")
            continue
        place = (path, "bold"), (f":{found.line}:{found.col + 1}: ", "dim")
        out.print(Text.assemble(*place, (found.code, "bold yellow"), " ", found.message), soft_wrap=True)


def as_json(findings: list[tuple[str, Finding]], counts: Counter[str], project: Project) -> dict[str, Any]:
    """What `--output-format json` prints; lines and columns count from 1, `end_column` is behind the last character."""
    return {
        "tool": "flake8-nnx",
        "version": __version__,
        "files": len(project.files),
        "findings": [
            {
                "file": path,
                "line": found.line,
                "column": found.col + 1,
                "end_line": found.end_line,
                "end_column": found.end_col + 1,
                "code": found.code,
                "name": found.name,
                "message": found.message,
                "fix": found.fix,
            }
            for path, found in findings
        ],
        "statistics": dict(sorted(counts.items())),
        "errors": [{"file": error.file, "line": error.line, "message": error.message} for error in project.errors],
    }


def workflow_command(path: str, found: Finding) -> str:
    """An annotation as GitHub Actions reads it from the log."""
    place = f"file={_escaped(path, ':,')},line={found.line},col={found.col + 1}"
    return f"::error {place},title={_escaped(found.code, ':,')}::{_escaped(found.message)}"


def _escaped(text: str, more: str = "") -> str:
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def summary(findings: list[tuple[str, Finding]], project: Project) -> str:
    checked = _count(len(project.files), "file")
    if not project.files:
        return "no Python files"
    if not findings:
        return f"no findings in {checked}"
    return f"{_count(len(findings), 'finding')} in {len({path for path, _ in findings})} of {checked}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
