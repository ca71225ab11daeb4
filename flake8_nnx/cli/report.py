"""`flake8-nnx report`: where a code base stands, what blocks, and in which order to go.

Reads source text and stored verdicts only; to verify, run `check --verify` or `migrate` before.
"""
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flake8_nnx.cli import console
from flake8_nnx.source.declared import Declared

if TYPE_CHECKING:
    from flake8_nnx.report.model import Report
    from flake8_nnx.report.trend import Trend

STDOUT = "-"
Output = Callable[["Report", "Trend | None"], str]


def report(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Files and directories.", show_default=False)],
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write one page that needs no network.")] = None,
    json_file: Annotated[str | None, typer.Option("--json", metavar="FILE", help="Write JSON; - for stdout.")] = None,
    markdown: Annotated[str | None, typer.Option(metavar="FILE", help="Write a job summary; - for stdout.")] = None,
    sarif: Annotated[str | None, typer.Option(metavar="FILE", help="Write SARIF 2.1.0; - for stdout.")] = None,
    compare: Annotated[Path | None, typer.Option(metavar="FILE", help="Show the trend since this --json report.")] = None,
    fail_under: Annotated[
        float | None, typer.Option(metavar="PERCENT", help="Exit with 1 when less of the classes is NNX or automatic.")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", metavar="N", min=0, help="Processes; 0: one for each core.")] = 0,
    module_classes: Annotated[
        list[str] | None, typer.Option(metavar="NAMES", help="Linen classes of other packages, as mylib.layers.Base.")
    ] = None,
    verdicts: Annotated[
        str, typer.Option("--nnx-verdicts", metavar="FILE", help="Where verdicts are stored; off: show none.")
    ] = "",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No tables and no progress.")] = False,
) -> None:
    """Report how ready a code base is, and what to migrate first.

    [bold]Examples[/bold]

    flake8-nnx report src
    flake8-nnx report src --html readiness.html
    flake8-nnx report src --json new.json --compare old.json --fail-under 80
    """
    try:
        from flake8_nnx.report import build, text, trend
        from flake8_nnx.report.page import page
        from flake8_nnx.report.sarif import sarif as as_sarif
    except ModuleNotFoundError as error:
        console.fail(f"a report needs {error.name}: install flake8-nnx[report]")
    outputs: list[tuple[str, Output]] = []
    if html is not None:
        outputs.append((str(html), page))
    if json_file is not None:
        outputs.append((json_file, as_json))
    if markdown is not None:
        outputs.append((markdown, text.markdown))
    if sarif is not None:
        outputs.append((sarif, lambda found, _: json.dumps(as_sarif(found), indent=1) + "\n"))
    to_stdout = [place for place, _ in outputs if place == STDOUT]
    if len(to_stdout) > 1:
        console.fail("only one output can go to stdout")
    try:
        old = trend.read(compare) if compare is not None else None
    except ValueError as error:
        console.fail(error)
    declared = Declared(frozenset(console.comma_list(module_classes or [])))
    with console.progress("reading", quiet) as told:
        found = build.build(paths, jobs=jobs, store=verdicts, declared=declared, progress=told)
    moved = trend.compare(old, found) if old is not None else None
    errors = write(outputs, found, moved)
    if not quiet and not to_stdout:
        console.stdout().print(text.terminal(found, moved))
    if found.partial:
        console.say("flake8-nnx: interrupted; the report is partial")
        raise typer.Exit(console.INTERRUPTED)
    ready = found.summary()["ready"]
    short = fail_under is not None and ready < fail_under
    if short:
        console.say(f"flake8-nnx: {ready}% of the classes are ready, less than {fail_under:g}%")
    if moved is not None and moved.regressions:
        console.say("\n".join(f"regression: {line}" for line in moved.regressions))
        short = True
    console.finish([*found.errors, *errors], short)


def as_json(found: Report, moved: Trend | None) -> str:
    """The published form, with the trend where one was asked for."""
    made: dict[str, Any] = found.to_json()
    if moved is not None:
        made["trend"] = moved.to_json()
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def write(outputs: list[tuple[str, Output]], found: Report, moved: Trend | None) -> list[str]:
    """Every output to its place; what could not be written, one line each."""
    errors = []
    for place, output in outputs:
        text = output(found, moved)
        if place == STDOUT:
            print(text, end="")
            continue
        try:
            Path(place).write_text(text, encoding="utf-8")
        except OSError as error:
            errors.append(f"flake8-nnx: {place}: {error.strerror}")
    return errors
