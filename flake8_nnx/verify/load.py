"""Loads the user's files in the worker: the old module from disk, the new one from disk or from text not yet written.

A file inside a package is imported under its dotted name, so that relative imports work on both sides.
"""
from __future__ import annotations

import importlib
import importlib.util
import os
import runpy
import sys
import traceback
import types
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax

from flake8_nnx.verify.overlay import of_user, overlay


def forget_changed(path: Path) -> None:
    """Before a job on this file: drop what was imported from another project, or from files that have changed since.

    Where something is dropped everything of the user's is, and JAX gets its own settings back.
    """
    root = module_name(path)[0]
    if _loaded.root not in (None, root) or any(_stamp(file) != stamp for file, stamp in _loaded.files.items()):
        for name in set(sys.modules) - _loaded.before:
            if of_user(getattr(sys.modules[name], "__file__", None)):
                del sys.modules[name]
        _loaded.looked.clear()
        _loaded.rewritten.clear()
        sys.path[:] = _loaded.path
        for name, value in _loaded.settings.items():
            if jax.config.values[name] != value:
                jax.config.update(name, value)
        _loaded.files.clear()
    _loaded.root = root


@dataclass
class _Loaded:
    """What the process had before any user code, and which files of the user it has read since.

    `looked` are the modules whose files have been looked at: resolving every path again would cost each job some 20 ms.
    """

    before: set[str]
    path: list[str]
    settings: dict[str, Any]
    root: Path | None = None
    looked: set[str] = field(default_factory=set)
    rewritten: dict[str, types.ModuleType] = field(default_factory=dict)  # by the texts that they were loaded with
    files: dict[str, tuple[int, int] | None] = field(default_factory=dict)


_loaded = _Loaded(set(sys.modules), list(sys.path), dict(jax.config.values))


def _stamp(file: str) -> tuple[int, int] | None:
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _note_files() -> None:
    new = set(sys.modules) - _loaded.before - _loaded.looked
    _loaded.looked |= new
    for name in new:
        file = getattr(sys.modules[name], "__file__", None)
        if file and file not in _loaded.files and of_user(file):
            _loaded.files[file] = _stamp(file)


def load(path: Path, source: str | None = None, others: Mapping[str, str] | None = None) -> types.ModuleType:
    """The module of a file; with `source`, a second module of that text in the same place.

    Args:
        others: new texts of other files by path, which the second module imports instead of what stands in them.
    """
    try:
        if source is None or not others:
            return _load(path, source)
        texts = {os.path.realpath(file): text for file, text in {**others, str(path): source}.items()}
        key = str(path) + repr(sorted(texts.items()))
        if key not in _loaded.rewritten:
            with overlay(texts):
                _loaded.rewritten[key] = _load(path, source, key)
        return _loaded.rewritten[key]
    finally:
        _note_files()


def _load(path: Path, source: str | None, texts: str = "") -> types.ModuleType:
    root, name = module_name(path)
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    package = name.rpartition(".")[0]
    if package and (source is None or texts):
        return _imported(name)
    # A script gets a name of its own: a file called nnx.py or jax.py must not stand in for the library.
    side = "old" if source is None else "new"
    text = f"{zlib.crc32((texts or source or '').encode()):x}"
    unique = f"{package}.{path.stem}__nnx_{text}" if package else f"_verified_{path.stem}_{side}_{text}_{abs(hash(path))}"
    if unique in sys.modules:
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


def _imported(name: str) -> types.ModuleType:
    """A module of a package; where its imports run in a circle, by way of the one that could not be imported through it."""
    before = set(sys.modules)
    try:
        return importlib.import_module(name)
    except ImportError as error:
        if "partially initialized module" not in str(error):
            raise
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        inside = str(frames[-1].f_globals.get("__name__"))
        if inside in (name, __name__) or inside.startswith("importlib"):
            raise
    for half in set(sys.modules) - before:
        if of_user(getattr(sys.modules[half], "__file__", None)):
            del sys.modules[half]
    importlib.import_module(inside)
    return importlib.import_module(name)


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
    from flake8_nnx.case import Case

    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    cases = runpy.run_path(str(path)).get("CASES")
    if not isinstance(cases, (list, tuple)):
        raise ValueError(f"{path}: has no list CASES")
    for position, case in enumerate(cases):
        if not isinstance(case, Case):
            raise ValueError(f"{path}: CASES[{position}] is a {type(case).__name__}, not a flake8_nnx.verify.Case")
    return list(cases)
