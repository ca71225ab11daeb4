"""`flake8-nnx migrate`: rewrite Linen classes to NNX, and say of each how it was checked.

Without a flag nothing is written: the table says what would be.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from flake8_nnx.cli import console, inputs
from flake8_nnx.parallel import processes
from flake8_nnx.source.read import SourceError

STYLES = {**console.VERDICT_STYLES, "refused": "yellow", "bridged": "cyan"}


def migrate(
    paths: Annotated[list[str] | None, typer.Argument(metavar="PATH", help="Files and directories.")] = None,
    diff: Annotated[bool, typer.Option("--diff", help="Print what would change as a diff.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Rewrite the files where they are.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the new files below this directory.")] = None,
    unverified: Annotated[
        bool, typer.Option("--unverified", help="Write also what was not shown to compute the same.")
    ] = False,
    verify: Annotated[
        bool | None,
        typer.Option("--verify/--no-verify", help="Run both in a subprocess. Default: with --diff, --write, --out or --cases."),
    ] = None,
    cases: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Python file with a list CASES: how to run each class.")
    ] = None,
    device: Annotated[str | None, typer.Option(metavar="NAME", help="Verify there only: cpu, gpu, tpu, gpu:1.")] = None,
    bridge: Annotated[bool, typer.Option("--bridge", help="Wrap what stays Linen, so that its neighbours can move.")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE.py::Class", help="Migrate this class alone, with bridges to its neighbours; may be repeated."),
    ] = None,
    mode_flags: Annotated[
        bool,
        typer.Option("--mode-flags", help="Flags such as train= become modes that train() and eval() set, where that is exact."),
    ] = False,
    log: Annotated[Path | None, typer.Option(metavar="FILE.json", help="Write one object per Linen class.")] = None,
    timeout: Annotated[float, typer.Option(metavar="S", min=1, help="Seconds to verify one class.")] = 120.0,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", metavar="N", min=0, help="Processes that write and verify; 0: one for each core.")
    ] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No table, no list of what is left, no progress.")] = False,
) -> None:
    """Rewrite Linen classes to NNX, each with a verdict.

    A class is written when its verdict is PROVED or MATCHED, or with --unverified. Without --diff, --write or --out
    nothing but the table is printed. Classes that no case is given for are verified with one from pyproject.toml,
    from recorded runs, or synthesised.

    [bold]Examples[/bold]

    flake8-nnx migrate src/models.py
    flake8-nnx migrate src/models.py --diff
    flake8-nnx migrate src --cases cases.py --write --log migration.json
    flake8-nnx migrate src --mode-flags --diff
    flake8-nnx migrate src --bridge --write
    flake8-nnx migrate --only src/models.py::Attention --diff
    """
    chosen = located(only or [])
    paths = paths or list(dict.fromkeys(map(str, chosen)))
    if not paths:
        console.fail("name files or directories to migrate, or classes with --only FILE.py::Class")
    if write and out is not None:
        console.fail("--write rewrites in place and --out DIR elsewhere: give one of them")
    if mode_flags and (bridge or chosen):
        console.fail("--mode-flags needs all classes of a model: leave out --bridge and --only")
    missing = [path for path in paths if not Path(path).exists()]
    try:
        cases = inputs.cases_file(cases) if cases is not None else None
    except SourceError as error:
        console.fail(error)
    if out is not None and out.exists() and not out.is_dir():
        console.fail(f"{out}: is a file; --out takes a directory")
    if len(missing) == len(paths):
        console.finish(f"{path}: no such file or directory" for path in missing)
    verify = cases is not None or (bool(diff or write or out) and not unverified) if verify is None else verify
    if cases is not None and not verify:
        console.fail("--cases says how to verify: drop --no-verify, or --cases")
    if verify:
        console.need_jax("migrate")

    from flake8_nnx.migrate.bridged import migrate_bridged
    from flake8_nnx.migrate.run import migrate_paths
    from flake8_nnx.verify.verdict import INTERRUPTED

    migrated = partial(migrate_bridged, only=chosen) if bridge or chosen else partial(migrate_paths, mode_flags=mode_flags)
    with console.progress("verifying", quiet) as told:
        run = migrated(
            [Path(path) for path in paths],
            verify=verify,
            cases=cases,
            unverified=unverified,
            timeout=timeout,
            device=device,
            workers=processes(jobs),
            progress=told,
        )
    stopped = any(found.reason == INTERRUPTED for found in run.classes)
    errors = list(run.errors)
    records = [as_record(found) for found in run.classes]
    if diff:
        print_diff(run.diff())
        if not run.diff() and not verify and records:
            console.say("no changes that were shown to compute the same: --unverified shows the others")
    if (write or out is not None) and not stopped:
        try:
            for path in run.write(out):
                console.say(f"wrote {path}")
        except OSError as error:
            errors.append(f"{error.filename}: {error.strerror}")
    if log is not None:
        try:
            log.write_text(console.json_text(records) + "\n", encoding="utf-8")
        except OSError as error:
            errors.append(f"{log}: {error.strerror}")
    if not quiet:
        print_table(records)
    if stopped:
        console.say("nothing written: the verification was interrupted")
        raise typer.Exit(console.INTERRUPTED)
    if run.todo and not quiet:
        console.say("left to do by hand:")
        for line in run.todo:
            console.say(f"  {line}")
    if run.diff() and not (diff or write or out):
        console.say("nothing written: --diff shows the changes, --write and --out DIR write them")
    console.finish(errors, any(record.get("verdict") not in console.GOOD_VERDICTS for record in records))


def located(only: Sequence[str]) -> dict[Path, list[str]]:
    """The chosen classes by file; leaves with exit code 2 when one of them names none."""
    found: dict[Path, list[str]] = {}
    for text in only:
        path, _, name = text.rpartition("::")
        if not path or not name.isidentifier():
            console.fail(f"--only {text}: does not name a class; write path/to/file.py::Class")
        if not Path(path).is_file():
            console.fail(f"--only {text}: {path}: no such file")
        found.setdefault(Path(path), []).append(name)
    return found


def as_record(found: Any) -> dict[str, Any]:
    """A class of the run as the log has it."""
    return dict(found) if isinstance(found, Mapping) else found.to_json()


def print_diff(text: str) -> None:
    out = console.stdout()
    if not out.is_terminal:
        print(text, end="")
        return
    colours = {"+": "green", "-": "red", "@": "cyan"}
    for line in text.splitlines():
        style = "bold" if line.startswith(("+++", "---")) else colours.get(line[:1], "")
        out.print(Text(line, style), soft_wrap=True)


def print_table(records: Sequence[Mapping[str, Any]]) -> None:
    """Class, status, verdict and what to look at, on stderr."""
    err = console.stderr()
    if not records:
        console.say("no Linen classes")
        return
    table = console.table("file", "class", "status", "verdict", "what to look at")
    for record in records:
        status, verdict = str(record.get("status") or ""), str(record.get("verdict") or "")
        todo = record.get("todo") or []
        look = [str(record.get("reason") or ""), *([todo] if isinstance(todo, str) else map(str, todo))]
        table.add_row(
            str(record.get("file", "")),
            str(record.get("class", "")),
            Text(status, STYLES.get(status, "")),
            Text(verdict, STYLES.get(verdict, "")),
            "; ".join(text for text in look if text),
        )
    err.print(table)
