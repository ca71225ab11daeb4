"""The files and folders of a project as they are read, each once, and what an import of one of them reaches.

Reading leaves nothing behind but digests of files, kept for the process under their time and size.
"""
from __future__ import annotations

import ast
import os
import stat
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from flake8_nnx.source.read import SourceError, decode, parse
from flake8_nnx.verdicts.place import folders_above, project_top
from flake8_nnx.verdicts.text import digest

if TYPE_CHECKING:
    from flake8_nnx.verdicts.units import Module

RECENT = 2.0  # seconds in which a file may change again without a later time
_digests: dict[str, tuple[tuple[int, int], str]] = {}
_listings: dict[str, tuple[int, Mapping[str, str]]] = {}


class Sources:
    """The texts, trees and folders of one moment; a text that is added stands for the file of its path."""

    def __init__(self) -> None:
        self._texts: dict[str, bytes | None] = {}
        self._given: dict[str, tuple[str, ast.Module | None]] = {}
        self._states: dict[str, str] = {}
        self._modules: dict[str, Module | None] = {}
        self._folders: dict[str, Mapping[str, str]] = {}
        self._search: dict[str, list[str]] = {}

    def add(self, path: str, text: str, tree: ast.Module | None = None) -> None:
        """A file whose text is given, as an editor has it before it is saved."""
        self._texts[path] = text.encode("utf-8", "surrogatepass")
        self._states[path] = digest(text)
        self._given[path] = text, tree

    def data(self, path: str) -> bytes | None:
        """The bytes of a file, None when it cannot be read."""
        if path not in self._texts:
            try:
                regular = stat.S_ISREG(os.stat(path).st_mode)  # a pipe or a device would keep us for ever
                self._texts[path] = Path(path).read_bytes() if regular else None
            except (OSError, ValueError):
                self._texts[path] = None
        return self._texts[path]

    def module(self, path: str) -> Module | None:
        """A file parsed, None when it cannot be."""
        if path not in self._modules:
            from flake8_nnx.verdicts.units import Module  # not needed as long as nothing has changed

            try:
                text, tree = self._given.get(path) or (decode(self.data(path) or b"", path), None)
                self._modules[path] = Module(tree if tree is not None else parse(text, path), text)
            except SourceError:
                self._modules[path] = None
        return self._modules[path]

    def state(self, path: str) -> str:
        """A digest of the bytes of a file, `""` when it cannot be read."""
        if path not in self._states:
            self._states[path] = self._digest(path)
        return self._states[path]

    def _digest(self, path: str) -> str:
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            return ""
        stamp = (status.st_mtime_ns, status.st_size)
        known = _digests.get(path)
        if known is not None and known[0] == stamp:
            return known[1]
        data = self.data(path)
        found = digest(data) if data is not None else ""
        if time.time() - status.st_mtime > RECENT:
            _digests[path] = stamp, found
        return found

    def meaning(self, path: str) -> str:
        """A digest of a file without comments, docstrings and positions."""
        module = self.module(path)
        return digest(" ".join(module.text(unit) for unit in module.units)) if module is not None else self.state(path)

    def listing(self, folder: str) -> Mapping[str, str]:
        """What may be imported from a folder, by name: `f` a file, `d` a folder, `df` both."""
        if folder not in self._folders:
            self._folders[folder] = self._list(folder)
        return self._folders[folder]

    @staticmethod
    def _list(folder: str) -> Mapping[str, str]:
        found: dict[str, str] = {}
        try:
            changed = os.stat(folder).st_mtime_ns
            known = _listings.get(folder)
            if known is not None and known[0] == changed:
                return known[1]
            with os.scandir(folder) as entries:
                for entry in entries:
                    stem, dot, suffix = entry.name.partition(".")
                    if suffix == "py":
                        found[stem] = found.get(stem, "") + "f"
                    elif not dot and stem.isidentifier() and entry.is_dir():
                        found[stem] = "d" + found.get(stem, "")
        except (OSError, ValueError):
            return found
        if time.time() - changed / 1e9 > RECENT:
            _listings[folder] = changed, found
        return found

    def unchanged(self, path: str, inputs: Mapping[str, str]) -> bool:
        """Whether everything is as it was that the key of a class in this file was made of, comments aside."""
        here = os.path.dirname(path)
        return all(
            self._lists(place, before) if name.endswith("/") else self._says(place, *before.partition(" ")[::2])
            for name, before in inputs.items()
            for place in [os.path.normpath(os.path.join(here, name))]
        )

    def _lists(self, folder: str, before: str) -> bool:
        found = self.listing(folder)
        return all(found.get(name, "") == kind for name, _, kind in (word.partition("=") for word in before.split()))

    def _says(self, path: str, state: str, meaning: str) -> bool:
        return self.state(path) == state or self.meaning(path) == meaning

    def search_path(self, folder: str) -> list[str]:
        """Folders in which an absolute import of a file in this folder may start."""
        if folder not in self._search:
            top = folder
            while os.path.isfile(f"{top}/__init__.py") and os.path.dirname(top) != top:
                top = os.path.dirname(top)
            project = project_top(folder)
            above = list(folders_above(folder))
            inside = above[: above.index(project) + 1] if project in above else []
            places = [place for start in inside for place in (start, f"{start}/src")]
            self._search[folder] = [p for p in dict.fromkeys([top, folder, *places]) if os.path.isdir(p)]
        return self._search[folder]
