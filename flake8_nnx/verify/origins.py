"""Where the cases of a class come from: given by hand, configured in `pyproject.toml`, recorded from real runs, else synthesised.

The first origin that has any is used, and the verdict says which.
"""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flake8_nnx.case import Case

FIELDS = {
    "target": str, "init": str, "args": list, "kwargs": dict, "train_kwargs": dict, "rngs": list, "mutable": list,
    "method": str, "new_init": str, "init_args": list, "init_kwargs": dict, "init_method": str,
    "new": str,
}  # fmt: skip
RECORDED = Path(".flake8_nnx/cases.sqlite")


def job_cases(path: Path, class_name: str, cases_file: Path | None = None) -> dict[str, Any]:
    """The part of a job that says where its cases come from (see `flake8_nnx.verify.pool.run_jobs`).

    Args:
        path: the Linen file.
        cases_file: a Python file with a list `CASES`, given by the user.

    Raises:
        ValueError: `pyproject.toml` has a malformed case.
    """
    job: dict[str, Any] = {"synthesise": True}
    if cases_file is not None:
        job["cases_file"] = str(cases_file.resolve())
    configured = [case for case in configured_cases(path) if case.is_for(str(path.resolve()), class_name)]
    if configured:
        job["cases"] = [case.to_json() for case in configured]
    recorded = _above(path, str(RECORDED))
    if recorded is not None:
        job["recorded"] = str(recorded)
    return job


def configured_cases(path: Path) -> list[Case]:
    """The `[[tool.flake8_nnx.case]]` tables of the nearest `pyproject.toml` at or above a file.

    Raises:
        ValueError: the file is not TOML, or a table is not a case; says which and why.
    """
    file = _above(path, "pyproject.toml")
    if file is None:
        return []
    import tomllib

    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{file}: {error}") from None
    tables = found.get("tool", {}).get("flake8_nnx", {}).get("case", [])
    if not isinstance(tables, list):
        raise ValueError(f"{file}: write [[tool.flake8_nnx.case]] with two brackets, one table for each case")
    return [_case(table, f"{file}: case {number}") for number, table in enumerate(tables, 1)]


def _case(table: Mapping[str, Any], place: str) -> Case:
    if not isinstance(table, Mapping) or "target" not in table:
        raise ValueError(f'{place} has no target; write target = "path/to/file.py::Class"')
    for name, value in table.items():
        if name not in FIELDS:
            raise ValueError(f"{place} has an unknown field {name}; known are {', '.join(FIELDS)}")
        if not isinstance(value, FIELDS[name]):
            raise ValueError(f"{place}: {name} is a {type(value).__name__}, not a {FIELDS[name].__name__}")
    lists = {name: tuple(value) for name, value in table.items() if isinstance(value, list)}
    return Case(**{**table, **lists}, origin="configured in pyproject.toml")


def _above(path: Path, name: str) -> Path | None:
    """The nearest file of this name in the directory of a file, or in one above it."""
    for folder in path.resolve().parents:
        if (folder / name).is_file():
            return folder / name
    return None
