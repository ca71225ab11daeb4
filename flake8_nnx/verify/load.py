"""Loads the user's files in the worker: the old module from disk, the new one from disk or from text not yet written.

A file inside a package is imported under its dotted name, so that relative imports work on both sides.
"""
from __future__ import annotations

import importlib
import importlib.util
import runpy
import sys
import types
from pathlib import Path
from typing import Any


def load(path: Path, source: str | None = None) -> types.ModuleType:
    """The module of a file; with `source`, a second module of that text in the same place."""
    root, name = module_name(path)
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    package = name.rpartition(".")[0]
    if source is None and package:
        return importlib.import_module(name)
    # A script gets a name of its own: a file called nnx.py or jax.py must not stand in for the library.
    side = "old" if source is None else "new"
    unique = f"{package}.{path.stem}__nnx" if package else f"_verified_{path.stem}_{side}_{abs(hash(path))}"
    if unique in sys.modules and source is None:
        return sys.modules[unique]
    if package:
        importlib.import_module(package)
    spec = importlib.util.spec_from_file_location(unique, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[unique] = module
    try:
        if source is None:
            spec.loader.exec_module(module)
        else:
            exec(compile(source, str(path), "exec"), module.__dict__)  # noqa: S102
    except BaseException:
        del sys.modules[unique]
        raise
    return module


def module_name(path: Path) -> tuple[Path, str]:
    """The directory to import from, and the dotted name of the file."""
    parts = [path.stem]
    directory = path.parent
    while (directory / "__init__.py").exists():
        parts.insert(0, directory.name)
        directory = directory.parent
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    return directory, ".".join(parts)


def load_cases(path: Path) -> list[Any]:
    """The list `CASES` of a cases file.

    Raises:
        ValueError: it has none, or it holds something else than cases.
    """
    from flake8_nnx.verify.case import Case

    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    cases = runpy.run_path(str(path)).get("CASES")
    if not isinstance(cases, (list, tuple)):
        raise ValueError(f"{path}: has no list CASES")
    for position, case in enumerate(cases):
        if not isinstance(case, Case):
            raise ValueError(f"{path}: CASES[{position}] is a {type(case).__name__}, not a flake8_nnx.verify.Case")
    return list(cases)
