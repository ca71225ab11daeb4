"""Imports with new texts for some files: what depends on them is loaded a second time, everything else is shared.

The modules of the old texts are back in place afterwards, so that both sides keep what they have imported.
"""
from __future__ import annotations

import contextlib
import importlib
import os
import sys
import sysconfig
import types
from collections.abc import Iterator, Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from typing import Any


_LIBRARIES = tuple({os.path.realpath(sysconfig.get_path(name)) + os.sep for name in ("stdlib", "purelib", "platlib")})


def of_user(file: str | None) -> bool:
    """Whether a file is the user's own, not of Python, of an installed library, or ours."""
    return bool(file) and not os.path.realpath(str(file)).startswith(_LIBRARIES) and "flake8_nnx" not in str(file)


@contextlib.contextmanager
def overlay(texts: Mapping[str, str]) -> Iterator[None]:
    """Import these files, by their real path, as these texts say."""
    old = {name: sys.modules.pop(name) for name in affected(texts)}
    finder = _Finder(texts)
    sys.meta_path.insert(0, finder)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        new = {name: module for name in finder.found if (module := sys.modules.pop(name, None)) is not None}
        sys.modules.update(old)
        for name, module in new.items():
            package, _, last = name.rpartition(".")
            if vars(sys.modules.get(package, sys)).get(last) is module:
                delattr(sys.modules[package], last)
        for name, module in old.items():
            package, _, last = name.rpartition(".")
            if package in sys.modules:
                setattr(sys.modules[package], last, module)


def affected(texts: Mapping[str, str]) -> list[str]:
    """Names of the imported modules that are those files, or hold something of such a module."""
    files = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
    found = {name for name, file in files.items() if file and os.path.realpath(file) in texts}
    waiting = {name for name, file in files.items() if file} - found
    changed = bool(found)
    while changed:
        modules = {id(sys.modules[name]) for name in found}
        more = {name for name in waiting if _holds(sys.modules[name], found, modules)}
        found |= more
        waiting -= more
        changed = bool(more)
    return sorted(found)


def _holds(module: types.ModuleType, names: set[str], modules: set[int]) -> bool:
    return any(id(value) in modules or _home(value) in names for value in list(vars(module).values()))


def _home(value: Any) -> str | None:
    """The module that a class or function says it is of."""
    home = getattr(value, "__module__", None) if isinstance(value, (type, types.FunctionType)) else None
    return home if isinstance(home, str) else None


class _Finder:
    """Finds every module of the user as Python does, and loads those that are not imported yet from the new texts."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts
        self.found: list[str] = []

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or not isinstance(spec.loader, SourceFileLoader) or not spec.origin or not of_user(spec.origin):
            return None
        self.found.append(name)
        spec.loader = _Loader(name, spec.origin, self.texts.get(os.path.realpath(spec.origin)))
        return spec


class _Loader(SourceFileLoader):
    """A file as it stands, or with a text of its own; a package has the modules below it that are shared."""

    def __init__(self, name: str, path: str, text: str | None) -> None:
        super().__init__(name, path)
        self.text = text

    def get_code(self, fullname: str) -> types.CodeType | None:
        return super().get_code(fullname) if self.text is None else compile(self.text, self.path, "exec")

    def exec_module(self, module: types.ModuleType) -> None:
        for name, shared in list(sys.modules.items()):
            package, _, last = name.rpartition(".")
            if package == module.__name__:
                setattr(module, last, shared)
        super().exec_module(module)
