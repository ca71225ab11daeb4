"""`flake8-nnx verify`: whether two model classes compute the same, with figures.

Both are run in a subprocess with limits; this process imports neither of them.
"""
from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from flake8_nnx.cli import console, inputs


class Format(str, Enum):
    text = "text"
    json = "json"


def verify(
    old: Annotated[str, typer.Argument(metavar="OLD.py::Class", help="The Linen class.")],
    new: Annotated[str, typer.Argument(metavar="NEW.py::Class", help="The NNX class.")],
    init: Annotated[str | None, typer.Option(metavar="CALL", help='How OLD is made: "Class(features=8)".')] = None,
    args: Annotated[
        list[str] | None,
        typer.Option(metavar="SHAPES", help='Positional inputs: "f32[2,7,16] i32[2,7]<50 key", or Python literals.'),
    ] = None,
    kwargs: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help='"train=False, mask=bool[2,7]".')] = None,
    train_kwargs: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help='Those that differ in training: "train=True".')
    ] = None,
    rngs: Annotated[list[str] | None, typer.Option(metavar="STREAMS", help="Random streams: dropout.")] = None,
    mutable: Annotated[list[str] | None, typer.Option(metavar="NAMES", help="Mutable collections: batch_stats.")] = None,
    method: Annotated[str | None, typer.Option(metavar="NAME", help="Method to run, instead of __call__.")] = None,
    new_init: Annotated[
        str | None, typer.Option(metavar="CALL", help='How NEW is made: "Class(16, 8, rngs=rngs)"; else derived.')
    ] = None,
    cases: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Python file with a list CASES; the one for OLD is run.")
    ] = None,
    variable_map: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Linen path -> NNX path of each variable; else by shape.")
    ] = None,
    timeout: Annotated[float, typer.Option(metavar="S", min=1, help="Seconds.")] = 120.0,
    memory_mb: Annotated[int, typer.Option("--memory-mb", metavar="N", min=256, help="Memory of the run.")] = 8192,
    output_format: Annotated[Format, typer.Option(help="How to print the verdict.")] = Format.text,
) -> None:
    """Check that an NNX class computes what a Linen class does.

    Both get the same weights, inputs and random keys; outputs, gradients and state are compared on every device.

    [bold]Examples[/bold]

    flake8-nnx verify old.py::MLP new.py::MLP --init "MLP(features=8)" --args "f32[2,16]"
    flake8-nnx verify old.py::Block new.py::Block --init "Block(8)" --args "f32[2,7,16]" --rngs dropout
        --kwargs "train=False" --train-kwargs "train=True" --mutable batch_stats
    flake8-nnx verify old.py::Block new.py::Block --cases cases.py
    """
