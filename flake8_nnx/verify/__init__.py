"""Verifies that a Linen module and its NNX counterpart compute the same, on every local JAX device.

Importing this package loads neither jax nor flax; verifying does, user files in a subprocess with limits.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from flake8_nnx.case import Case
from flake8_nnx.variable_map import read_maps
from flake8_nnx.verify.verdict import Verdict

__all__ = [
    "Case", "Verdict", "assert_equivalent", "linen_variables", "load_linen_variables", "verify", "verify_files",
]  # fmt: skip


def verify(
    old: str | type,
    new: str | type,
    case: Case | None = None,
    variable_map: Mapping[str, Any] | None = None,
    *,
    timeout: float = 120.0,
    memory_mb: int = 8192,
    device: str | None = None,
) -> Verdict:
    """Compare a Linen class with an NNX class on one case.

    Args:
        old, new: `path/to/file.py::Class` (run in a subprocess with limits), or the classes themselves (run here).
        case: how to run them; for files one from `pyproject.toml` or recorded runs is used when not given, else synthesised.
        variable_map: Linen path to NNX path of every variable; when not given, for files the one that `migrate` has left
            beside the NNX file, else proposed from names and shapes.
        timeout, memory_mb: limits of the subprocess, seconds and MiB.
        device: run on this device or platform only (`cpu`, `gpu`, `gpu:1`); on every local one when not given.

    Raises:
        ValueError: a target that names no file and class, files given with a case that holds a function, or classes
            without a case.
    """
    if isinstance(old, str) and isinstance(new, str):
        from flake8_nnx.verify.origins import job_cases

        job: dict[str, Any] = {"old": target(old), "new": target(new)}
        job["variable_map"] = map_beside(job["new"]) if variable_map is None else variable_map
        cases = {"case": case.to_json()} if case else job_cases(Path(job["old"]["path"]), job["old"]["class"])
        found = verify_files([{**job, **cases}], timeout=timeout, memory_mb=memory_mb, device=device)[0]
        assert found is not None
        return found
    if isinstance(old, str) or isinstance(new, str):
        raise ValueError("give both sides as classes, or both as path::Class")
    if case is None:
        raise ValueError(f"say how to run {old.__name__}: give a flake8_nnx.verify.Case, or both sides as path::Class")
    import sys

    from flake8_nnx.verify.check import check
    from flake8_nnx.verify.methods import not_run, with_not_run

    namespaces = [vars(sys.modules[cls.__module__]) for cls in (old, new)]
    own = ({**namespace, cls.__name__: cls} for namespace, cls in zip(namespaces, (old, new)))
    found = check(case, next(own), new, next(own), variable_map, device=device)
    return with_not_run(found, not_run(old, [found]))


def assert_equivalent(
    old: str | type,
    new: str | type,
    case: Case | None = None,
    variable_map: Mapping[str, Any] | None = None,
    *,
    timeout: float = 120.0,
    memory_mb: int = 8192,
    device: str | None = None,
) -> Verdict:
    """Fail unless the verdict is good; the arguments are those of `verify`.

    Raises:
        AssertionError: the two differ, or nothing could be shown; the message says where, why and what to do.
    """
    verdict = verify(old, new, case, variable_map, timeout=timeout, memory_mb=memory_mb, device=device)
    if not verdict.good:
        raise AssertionError(verdict.explained(old, new))
    return verdict


def verify_files(
    jobs: Sequence[Mapping[str, Any]],
    *,
    timeout: float = 120.0,
    memory_mb: int = 8192,
    workers: int = 1,
    device: str | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Verdict | None]:
    """Verify many pairs of files in warm workers (see `flake8_nnx.verify.pool.run_jobs`)."""
    from flake8_nnx.verify.pool import run_jobs

    return run_jobs(jobs, timeout=timeout, memory_mb=memory_mb, workers=workers, device=device, progress=progress)


def load_linen_variables(model: Any, variables: Mapping[str, Any], variable_map: Mapping[str, Any]) -> None:
    """Put the variables of a Linen module into an NNX model (see `flake8_nnx.verify.weights.load_linen_variables`)."""
    from flake8_nnx.verify.weights import load_linen_variables as load

    load(model, variables, variable_map)


def linen_variables(model: Any, like: Mapping[str, Any], variable_map: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of an NNX model as those of the Linen module (see `flake8_nnx.verify.weights.linen_variables`)."""
    from flake8_nnx.verify.weights import linen_variables as back

    return back(model, like, variable_map)


def map_beside(new: Mapping[str, str]) -> dict[str, Any] | None:
    """The variable map that `migrate` has left beside a file, for this class of it."""
    return read_maps(Path(new["path"])).get(new["class"])


def target(text: str) -> dict[str, str]:
    """`path/to/file.py::Class` as path and class.

    Raises:
        ValueError: it has another form, or the file does not exist.
    """
    path, separator, name = text.rpartition("::")
    if not separator:
        path, separator, name = text.rpartition(":")
    if not separator or not name.isidentifier():
        raise ValueError(f"{text!r} does not name a class; write path/to/file.py::Class")
    if not path.endswith(".py"):
        path = path.replace(".", "/") + ".py"
    if not Path(path).is_file():
        raise ValueError(f"{path}: no such file")
    return {"path": str(Path(path).resolve()), "class": name}
