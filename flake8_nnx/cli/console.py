"""Where output goes: results to stdout, everything said about them to stderr, colour only on a terminal.

Exit codes are those of every subcommand: 0 clean, 1 findings or a verdict that is not good, 2 usage or environment.
"""
from __future__ import annotations

import contextlib
import importlib.util
import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

CLEAN, FOUND, FAILED, INTERRUPTED = 0, 1, 2, 130
GOOD_VERDICTS = ("PROVED", "MATCHED")
VERDICT_STYLES = {"PROVED": "bold green", "MATCHED": "green", "DIFFERS": "bold red", "UNVERIFIED": "yellow"}
# A table in a file or a pipe has no terminal to fit into.
PIPED_WIDTH = 140


def stdout() -> Console:
    """The console for results."""
    return _console(stderr=False)


def stderr() -> Console:
    """The console for everything else."""
    return _console(stderr=True)


def _console(stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False, emoji=False, markup=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPED_WIDTH
    return console


def table(*headings: str) -> Table:
    """A table without lines, whose cells fold rather than lose text."""
    found = Table(box=None, pad_edge=False)
    for heading in headings:
        found.add_column(heading, overflow="fold")
    return found


def say(message: object) -> None:
    """One line of chatter."""
    print(message, file=sys.stderr)


def fail(message: object) -> NoReturn:
    """One line on stderr, exit code 2."""
    say(f"flake8-nnx: {message}")
    raise typer.Exit(FAILED)


def finish(errors: Iterable[object] = (), found: bool = False) -> NoReturn:
    """Say what could not be done, one line each, and leave with the exit code that follows."""
    code = FOUND if found else CLEAN
    for error in errors:
        say(error)
        code = FAILED
    raise typer.Exit(code)


def need_jax(purpose: str) -> None:
    """Leave with exit code 2 unless jax and flax are installed; they are not imported."""
    missing = [name for name in ("jax", "flax") if importlib.util.find_spec(name) is None]
    if missing:
        fail(f"{purpose} runs both models and needs {' and '.join(missing)}: install flake8-nnx[verify]")


def print_json(value: Any) -> None:
    """Strict JSON on stdout; infinities and NaN become the strings `inf`, `-inf` and `nan`."""
    sys.stdout.write(json_text(value) + "\n")


def json_text(value: Any) -> str:
    return json.dumps(_plain(value), indent=2, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def comma_list(values: Iterable[str]) -> list[str]:
    """`["a,b", "c"]`, as an option that may be repeated gives it, is a, b, c."""
    return [word for value in values for word in value.replace(",", " ").split()]


@contextlib.contextmanager
def progress(what: str, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr, on a terminal only; tell it how many are done of how many."""
    err = stderr()
    if quiet or not err.is_terminal:
        yield lambda done, total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
