"""`flake8-nnx record`: runs a program unchanged and keeps how it makes and calls its Linen modules.

The program runs in a process of its own; its exit code is ours.
"""
from __future__ import annotations

import os
import shlex
import signal
import subprocess
import uuid
from pathlib import Path
from typing import Annotated

import typer

from flake8_nnx.cli import console

DEFAULT = Path(".flake8_nnx/cases.sqlite")


def record(
    command: Annotated[list[str], typer.Argument(metavar="COMMAND", help="The program and its arguments, after --.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The database; what is in it is kept.")] = DEFAULT,
    everything: Annotated[bool, typer.Option("--all", help="Classes of installed packages too.")] = False,
) -> None:
    """Record how a program makes and calls its Linen modules, as cases for verify.

    Constructor arguments and abstract inputs are kept, no values; the program runs as ever and its exit code is passed on.

    [bold]Examples[/bold]

    flake8-nnx record -- python train.py --epochs 1
    flake8-nnx record -- pytest tests
    flake8-nnx record --out cases.sqlite -- python -m package.train
    """
    from flake8_nnx.record import store

    database, run = out.absolute(), uuid.uuid4().hex
    try:
        made = store.create(database)
    except ValueError as error:
        console.fail(error)
    if made and out == DEFAULT:
        (database.parent / ".gitignore").write_text("*\n", encoding="utf-8")
    code = run_program(command, environment(database, run, everything))
    try:
        console.say(f"flake8-nnx: {report(store.summary(database, run), out, command)}")
        if made and not store.recorded_classes(database):
            database.unlink()
    except ValueError as error:
        console.say(f"flake8-nnx: {error}")
    raise typer.Exit(code)


def environment(database: Path, run: str, everything: bool) -> dict[str, str]:
    """The environment of the program: the folder with our sitecustomize comes first on PYTHONPATH."""
    from flake8_nnx.record import start, startup

    (folder,) = startup.__path__
    paths = [folder, *filter(None, [os.environ.get("PYTHONPATH")])]
    ours = {start.DATABASE: str(database), start.RUN: run, start.ROOT: os.getcwd(), start.ALL: "1" * everything}
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **ours}


def run_program(command: list[str], variables: dict[str, str]) -> int:
    """Run the program to its end; its exit code, 128 and the signal when one ended it."""
    try:
        child = subprocess.Popen(command, env=variables)
    except FileNotFoundError:
        console.fail(f"{command[0]}: no such program")
    except OSError as error:
        advice = f"; write `python {command[0]}`" if command[0].endswith(".py") else ""
        console.fail(f"{command[0]}: {error.strerror}{advice}")
    # The terminal sends its interrupt to the program as well, and that decides what to do.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: child.send_signal(number))
    code = child.wait()
    return code if code >= 0 else 128 - code


def report(found: object, out: Path, command: list[str]) -> str:
    """One line about what came of the run."""
    from flake8_nnx.record.store import Summary

    assert isinstance(found, Summary)
    parts = [f"recorded {count(found.calls, 'call')} of {count(found.classes, 'class', 'classes')} in {out}"]
    if not found.classes:
        parts = [f"nothing recorded: `{shlex.join(command)}` called no Linen module of yours that has constructor text"]
        if not found.unusable:
            ignoring = set(command[1:]) & {"-I", "-E", "-S"} if "python" in Path(command[0]).name else set()
            cause = f"; Python ignores the hook with {min(ignoring)}" if ignoring else ""
            parts = [f"nothing recorded: `{shlex.join(command)}` called no Linen module of yours{cause}"]
    if found.unusable:
        parts.append(f"{count(found.unusable, 'class', 'classes')} without a case")
    if found.errors:
        times = sum(found.errors.values())
        parts.append(f"{count(times, 'error')} of the hook, first {next(iter(found.errors))}")
    return "; ".join(parts)


def count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
