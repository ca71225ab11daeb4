"""The command line: one subcommand per promise, each in its own file, imported when it is needed.

`main` gives the exit code: 0 clean, 1 findings or a verdict that is not good, 2 usage or environment error.
"""
from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from flake8_nnx import __version__
from flake8_nnx.cli import check, config, console, explain, migrate, record, report, verify

app = typer.Typer(
    name="flake8-nnx",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(no_args_is_help=True)(check.check)
app.command()(explain.explain)
app.command(no_args_is_help=True)(migrate.migrate)
app.command(no_args_is_help=True)(verify.verify)
app.command(no_args_is_help=True)(report.report)
app.command(no_args_is_help=True, context_settings={"allow_interspersed_args": False})(record.record)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"flake8-nnx {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    isolated: Annotated[bool, typer.Option("--isolated", help="Read no configuration from pyproject.toml.")] = False,
) -> None:
    """Move JAX code from Flax Linen to Flax NNX: find what has to change, change it, and check on your devices that
    the new model computes the same.

    [bold]A first walk[/bold]

    flake8-nnx check src                      what has to change, and into what
    flake8-nnx explain NNX101                 why, with an example that was run
    flake8-nnx migrate src/models.py --diff   what it would write, with verdicts
    flake8-nnx migrate src/models.py --write
    flake8-nnx verify old.py::MLP new.py::MLP --init "MLP(8)" --args "f32[2,16]"
    flake8-nnx report src --html readiness.html   where it stands, and what to do first

    [bold]Exit codes[/bold]

    0 clean; 1 findings, or a verdict that is not PROVED or MATCHED; 2 usage or environment error

    Options may be set in pyproject.toml: \\[tool.flake8_nnx.check] baseline = "known.json"
    """
    if isolated:
        return
    try:
        context.default_map = config.defaults(context.command.commands, Path.cwd())  # type: ignore[attr-defined]
    except ValueError as error:
        console.fail(error)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (without the program name); the result is the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a file name may be anything
    try:
        app(args=None if argv is None else list(argv), prog_name="flake8-nnx")
        sys.stdout.flush()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else console.CLEAN
    except BrokenPipeError:
        code = console.FOUND
    except Exception:
        traceback.print_exc()  # ours to mend, and not to be taken for findings
        code = console.FAILED
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has gone; the interpreter must not find out again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if code == console.INTERRUPTED:
        console.say("flake8-nnx: interrupted")
    return code
