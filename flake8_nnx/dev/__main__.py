"""The command line of `flake8_nnx.dev`.

Exit codes as everywhere: 0 done, 1 something is stale, 2 it cannot be done.
"""
from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flake8_nnx.dev import pages, scaffold

ROOT = Path(__file__).resolve().parents[2]
app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.command()
def docs(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; list the pages that are stale.")] = False,
    folder: Annotated[Path, typer.Option(help="Where the documentation is.")] = ROOT / "docs",
) -> None:
    """Write the pages of rules and options from the code."""
    stale = pages.stale(folder)
    if not check:
        pages.write(folder)
    for path in stale:
        print(f"{'stale' if check else 'written'}: {path.relative_to(folder)}")
    raise typer.Exit(1 if check and stale else 0)


@app.command()
def new_rule(
    code: Annotated[str, typer.Argument(help="Such as NNX231.")],
    name: Annotated[str, typer.Argument(help="A short name with dashes, such as make-rng.")],
    root: Annotated[Path, typer.Option(help="The checkout.")] = ROOT,
) -> None:
    """Start a rule: its file, its marker file and a line in the changelog."""
    try:
        written = scaffold.new_rule(root, code, name)
    except ValueError as error:
        typer.echo(f"flake8-nnx: {error}", err=True)
        raise typer.Exit(2) from None
    for path in written:
        print(path.relative_to(root))


if __name__ == "__main__":
    app()
