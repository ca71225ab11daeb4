"""`flake8-nnx verify`: whether two model classes compute the same, with figures.

Both are run in a subprocess with limits; this process imports neither of them.
"""
from __future__ import annotations

import ast
import difflib
import json as jsonlib
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flake8_nnx.cli import console, inputs
from flake8_nnx.cli.verdict_view import print_verdict
from flake8_nnx.source.project import Project
from flake8_nnx.source.read import SourceError

if TYPE_CHECKING:
    from flake8_nnx.verify import Case

READ: dict[str, Callable[[Any], Any]] = {
    "init": lambda text: ast.unparse(ast.parse(text.strip(), mode="eval")),
    "new_init": lambda text: ast.unparse(ast.parse(text.strip(), mode="eval")),
    "args": inputs.arguments,
    "init_args": inputs.arguments,
    "kwargs": inputs.keywords,
    "train_kwargs": inputs.keywords,
    "rngs": lambda words: tuple(console.comma_list(words)),
    "mutable": lambda words: tuple(console.comma_list(words)),
}


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
    kwargs: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help='Keyword inputs: "train=False, mask=bool[2,7]".')
    ] = None,
    train_kwargs: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help='Run in training too, with these: "train=True".'),
    ] = None,
    rngs: Annotated[list[str] | None, typer.Option(metavar="STREAMS", help="Random streams: dropout.")] = None,
    mutable: Annotated[list[str] | None, typer.Option(metavar="NAMES", help="Updated state: batch_stats.")] = None,
    method: Annotated[str | None, typer.Option(metavar="NAME", help="Run this instead of __call__.")] = None,
    new_init: Annotated[
        str | None, typer.Option(metavar="CALL", help='How NEW is made, if not as OLD: "Class(16, 8, rngs=rngs)".')
    ] = None,
    cases: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Python file with a list CASES; the one for OLD is run.")
    ] = None,
    init_args: Annotated[
        list[str] | None,
        typer.Option(metavar="SHAPES", help="Inputs of init where they differ, as for decoding with a cache."),
    ] = None,
    init_method: Annotated[
        str | None, typer.Option(metavar="NAME", help="Initialise with this one where it is another than --method.")
    ] = None,
    variable_map: Annotated[
        Path | None,
        typer.Option(metavar="FILE.json", help="Linen path -> NNX path; else as migrate left it, or from shapes."),
    ] = None,
    timeout: Annotated[float, typer.Option(metavar="S", min=1, help="Seconds.")] = 120.0,
    memory_mb: Annotated[int, typer.Option("--memory-mb", metavar="N", min=256, help="Memory of the run.")] = 8192,
    device: Annotated[str | None, typer.Option(metavar="NAME", help="Run there only: cpu, gpu, tpu, gpu:1.")] = None,
    output_format: Annotated[Format, typer.Option(help="How to print the verdict.")] = Format.text,
) -> None:
    """Check that an NNX class computes what a Linen class does.

    Both get the same weights, inputs and random keys; outputs, gradients and state are compared on every device.
    Without --init and --args a case from pyproject.toml or recorded runs is used, else one is synthesised.

    [bold]Examples[/bold]

    flake8-nnx verify old.py::MLP new.py::MLP --init "MLP(8)" --args "f32[2,16]"
    flake8-nnx verify old.py::Net new.py::Net --args "f32[2,16]" --rngs dropout
        --kwargs train=False --train-kwargs train=True --mutable batch_stats
    flake8-nnx verify old.py::Block new.py::Block --cases cases.py
    flake8-nnx verify old.py::Encoder new.py::Encoder --args "i32[b,t]<vocab" --init "Encoder(vocab=11)"
    """
    options = {
        "init": init,
        "args": args,
        "kwargs": kwargs,
        "train_kwargs": train_kwargs,
        "rngs": rngs,
        "mutable": mutable,
        "method": method,
        "new_init": new_init,
        "init_args": init_args,
        "init_method": init_method,
    }
    given = {name: value for name, value in options.items() if value is not None}
    job: dict[str, Any] = {"old": located(old), "new": located(new), "variable_map": read_map(variable_map, old)}
    if variable_map is None:
        from flake8_nnx.verify import map_beside

        job["variable_map"] = map_beside(job["new"])
        if job["variable_map"] is not None:
            console.say("the variable map is the one that migrate has left beside the NNX file")
    if cases is not None and given:
        console.fail(f"--cases says how to run the model: drop --{next(iter(given)).replace('_', '-')}, or --cases")
    elif given:
        job["case"] = as_case(old, given).to_json()
    else:
        job |= other_cases(job["old"], cases)
    console.need_jax("verify")

    from flake8_nnx.verify import verify_files

    (verdict,) = verify_files([job], timeout=timeout, memory_mb=memory_mb, device=device)
    if verdict is None:
        console.fail(f"{cases}: CASES has no case with the target {old}")
    if output_format is Format.json:
        console.print_json({"old": old, "new": new, **verdict.to_json()})
    else:
        print_verdict(old, new, verdict)
    console.finish(found=verdict.status not in console.GOOD_VERDICTS)


def located(text: str) -> dict[str, str]:
    """Path and class of a target; leaves with exit code 2 unless the file can be read and has such a name."""
    from flake8_nnx.verify import target

    path = text.rpartition(":")[0].rstrip(":")
    try:
        found = target(text)
        (file,) = Project([Path(found["path"])]).files
        names = file.facts.names
    except ValueError as error:
        console.fail(error)
    except SourceError as error:
        console.fail(SourceError(path, error.message, error.line))
    starred = any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in file.tree.body)
    if found["class"] not in names.module.bindings and not starred:
        near = difflib.get_close_matches(found["class"], names.module.bindings, n=1, cutoff=0.4)
        advice = f"; did you mean {near[0]}?" if near else ""
        console.fail(f"{path}: has no class {found['class']}{advice}")
    return found


def other_cases(old: Mapping[str, str], cases: Path | None) -> dict[str, Any]:
    """Cases of a file, of `pyproject.toml`, recorded or synthesised; leaves with exit code 2 when a file is malformed."""
    from flake8_nnx.verify.origins import job_cases

    try:
        if cases is not None:
            return {"cases_file": str(inputs.cases_file(cases).resolve())}
        return job_cases(Path(old["path"]), old["class"])
    except (SourceError, ValueError) as error:
        console.fail(error)


def as_case(old: str, given: Mapping[str, Any]) -> Case:
    """The case that the options describe; leaves with exit code 2 when one of them cannot be read."""
    from flake8_nnx.verify import Case

    fields: dict[str, Any] = {}
    for name, value in given.items():
        try:
            fields[name] = READ[name](value) if name in READ else value
        except SyntaxError:
            console.fail(f'--{name.replace("_", "-")}: {value!r} is not an expression such as "Class(features=8)"')
        except ValueError as error:
            console.fail(f"--{name.replace('_', '-')}: {error}")
    return Case(target=old, **fields)


def read_map(path: Path | None, old: str) -> Mapping[str, Any] | None:
    """The variable map of a file: of one class, or of several by name, as `migrate` writes it."""
    if path is None:
        return None
    try:
        found = jsonlib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        console.fail(f"{path}: {error.strerror}")
    except ValueError as error:
        console.fail(f"{path}: is not JSON: {error}")
    inner = found.get(old.rpartition(":")[2], found) if isinstance(found, dict) else None
    if not isinstance(inner, dict):
        console.fail(f"{path}: is no variable map; write an object of Linen path and NNX path")
    return inner
