"""What the meaning of a class depends on, as a key: its own source, what that uses, and the imported files of the project.

A change that may matter changes the key; comments, blank lines, docstrings and other classes do not.
"""
from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from flake8_nnx.verdicts.sources import Sources
from flake8_nnx.verdicts.text import digest
from flake8_nnx.verdicts.units import COMPUTED_IMPORTS, READS_ALL, Import, Module, Unit

FOUNDATIONS = frozenset({"flax", "jax", "jaxlib"})  # known by their versions; a checkout of them changes nothing


class Key(NamedTuple):
    """What a verdict on a class holds for.

    `own` stands for what the class uses of its own file, `full` for that and all it uses of the project; `inputs` says
    of which files and folders `full` was made (relative to the folder of the file), `heads` which libraries were used.
    """

    own: str
    full: str
    inputs: Mapping[str, str]
    heads: frozenset[str]


def key(sources: Sources, path: str, name: str) -> Key | None:
    """The key of a class at the top level of a file; None when something it uses is imported by a computed name.

    Args:
        path: absolute path of the file, whose text may have been given to `sources`.
    """
    own, full = closure(sources, path, name, follow=False), closure(sources, path, name)
    if full.computed:
        return None
    here = os.path.dirname(path)
    files = set(full.files)
    if set(full.taken.get(path, ())) == set(own.taken.get(path, ())):  # else a file that it imports uses more of this one
        files.discard(path)
    inputs = {os.path.relpath(file, here): f"{sources.state(file)} {sources.meaning(file)}" for file in sorted(files)}
    for folder, names in sorted(full.folders.items()):
        asked = [f"{name}={sources.listing(folder).get(name, '')}" for name in sorted(names)]
        inputs[f"{os.path.relpath(folder, here)}/"] = " ".join(asked)
    return Key(own.digest(name), full.digest(name), inputs, frozenset(full.heads))


def own_key(sources: Sources, path: str, name: str) -> str:
    """`Key.own` alone, without a look at other files."""
    return closure(sources, path, name, follow=False).digest(name)


def closure(sources: Sources, path: str, name: str, follow: bool = True) -> Closure:
    """All that a name of a file needs, of the file alone unless imports are followed."""
    found = Closure(sources, path, follow)
    found.want(path, name)
    found.settle()
    return found


class Closure:
    """The units that a name needs, followed through names, imports and what importing a file does.

    What is there only because importing a file runs it (`effect`) is followed by the names it says, no further.
    """

    def __init__(self, sources: Sources, path: str, follow: bool = True) -> None:
        self.sources, self.path, self.follow = sources, path, follow
        self.taken: dict[str, dict[int, bool]] = {}  # file -> positions of its units -> whether only for an effect
        self.files: set[str] = set()  # those whose import is part of it
        self.folders: dict[str, set[str]] = {}  # what was looked for there
        self.heads: set[str] = set()
        self.computed = False  # something is imported by a name that only a run tells
        self._todo: list[tuple[str, int, bool]] = []
        self._asked: set[tuple[str, str, str | None, bool]] = set()

    def digest(self, name: str) -> str:
        """One digest of all units, in the order of their files; the files by their place beside the first one."""
        here, lines = os.path.dirname(self.path), [name]
        for file in sorted(self.files):
            module = self.sources.module(file)
            if module is None:
                lines.append(f"{os.path.relpath(file, here)} {self.sources.state(file)}")
                continue
            texts = [module.text(module.units[position]) for position in sorted(self.taken.get(file, ()))]
            lines.append(f"{os.path.relpath(file, here)} {' '.join(texts)}")
        return digest("\n".join(lines))

    def want(self, path: str, name: str, attribute: str | None = None, effect: bool = False) -> bool:
        """Take what binds a name; of a module that is imported, only the attribute if one is given. Whether any does."""
        module = self._enter(path)
        if module is None:
            return True
        found = module.writers.get(name, [])
        if (path, name, attribute, effect) not in self._asked:
            self._asked.add((path, name, attribute, effect))
            for unit in found:
                self._take(path, unit, effect)
                if unit.imports:
                    self._import(path, unit.node, attribute, effect)
        return bool(found)

    def settle(self) -> None:
        """Take what the units taken need, until nothing is added."""
        while self._todo:
            path, position, effect = self._todo.pop()
            module = self.sources.module(path)
            assert module is not None
            unit = module.units[position]
            if unit.imports:
                continue
            if not effect:
                self.computed |= not COMPUTED_IMPORTS.isdisjoint(module.words(unit))
                if not READS_ALL.isdisjoint(module.words(unit)):
                    self._whole(path)
            for name, attribute in module.reads(unit):
                self.want(path, name, attribute, effect)
            for node in unit.nodes:
                if isinstance(node, Import):
                    self._import(path, node, None, effect)

    def _take(self, path: str, unit: Unit, effect: bool) -> None:
        taken = self.taken.setdefault(path, {})
        if unit.position not in taken or taken[unit.position] > effect:
            taken[unit.position] = effect
            self._todo.append((path, unit.position, effect))

    def _enter(self, path: str) -> Module | None:
        """A file, whose import runs its statements with effects and those of the files it imports."""
        line = [path]
        while line:
            file = line.pop()
            if file in self.files:
                continue
            self.files.add(file)
            module = self.sources.module(file)
            for unit in module.units if module is not None else ():
                if unit.effect:
                    self._take(file, unit, True)
                    if unit.imports:
                        self._import(file, unit.node, None, False)
                if self.follow:
                    for node in _run_imports(unit.node):
                        line += self._files_of(file, node)
            if self.follow:
                line += self._packages(file)
        return self.sources.module(path)

    def _packages(self, file: str) -> list[str]:
        """The packages around a file, which run before it does."""
        found, folder = [], os.path.dirname(file)
        while "f" in self._look(folder, "__init__"):
            found.append(f"{folder}/__init__.py")
            folder = os.path.dirname(folder)
        return found

    def _whole(self, path: str, effect: bool = False) -> None:
        """Every unit of a file."""
        module = self._enter(path)
        if module is not None and (path, "*", None, effect) not in self._asked:
            self._asked.add((path, "*", None, effect))
            for unit in module.units:
                self._take(path, unit, effect)
                if unit.imports:
                    self._import(path, unit.node, None, effect)

    # ---- imports ----------------------------------------------------------------------------------------------------

    def _import(self, path: str, node: ast.stmt, attribute: str | None, effect: bool) -> None:
        """Follow an import statement to what it names in the project."""
        if not self.follow:
            return
        for file in self._files_of(path, node):
            self._enter(file)
        if isinstance(node, ast.Import):
            for alias in node.names:
                self._head(path, alias.name, effect)
                for files, complete in self._resolve(path, 0, alias.name):
                    if complete and files and (alias.asname or "." not in alias.name):
                        self._attribute_of(files[-1], attribute, effect)
                    else:
                        for file in files:
                            self._whole(file, effect)
        elif isinstance(node, ast.ImportFrom):
            for found in self._resolve(path, node.level, node.module):
                for alias in node.names:
                    self._import_name(path, node, alias.name, found, attribute, effect)
            if not node.level and node.module:
                self._head(path, node.module, effect)

    def _import_name(
        self,
        path: str,
        node: ast.ImportFrom,
        name: str,
        found: tuple[list[str], bool],
        attribute: str | None,
        effect: bool,
    ) -> None:
        files, complete = found
        if name == "*":
            if complete and files:
                self._whole(files[-1], effect)
            return
        dotted = f"{node.module}.{name}" if node.module else name
        below = [chain for chain, whole in self._resolve(path, node.level, dotted) if whole and len(chain) > len(files)]
        for chain in below:
            self._attribute_of(chain[-1], attribute, effect)
        if complete and files and not self.want(files[-1], name, attribute, effect) and not below:
            self._whole(files[-1], effect)

    def _attribute_of(self, file: str, attribute: str | None, effect: bool) -> None:
        if attribute is None or not self.want(file, attribute, None, effect):
            self._whole(file, effect)

    def _head(self, path: str, dotted: str, effect: bool) -> None:
        """Note a library, unless the project has files of that name."""
        head = dotted.partition(".")[0]
        if not effect and head not in sys.stdlib_module_names and head not in FOUNDATIONS:
            if not any(files for files, _ in self._resolve(path, 0, dotted)):
                self.heads.add(head)

    def _files_of(self, path: str, node: ast.AST) -> list[str]:
        """The files of the project that run when an import does."""
        found: list[str] = []
        if isinstance(node, ast.Import):
            chains = [chain for alias in node.names for chain in self._resolve(path, 0, alias.name)]
        elif isinstance(node, ast.ImportFrom):
            base = f"{node.module}." if node.module else ""
            chains = [c for alias in node.names for c in self._resolve(path, node.level, f"{base}{alias.name}")]
            chains += self._resolve(path, node.level, node.module)
        else:
            return []
        for files, _ in chains:
            found += files
        return found

    def _resolve(self, path: str, level: int, dotted: str | None) -> Iterator[tuple[list[str], bool]]:
        """The files along a dotted name, for each folder that it is found in, and whether its last part is one of them."""
        parts = dotted.split(".") if dotted else []
        folder = os.path.dirname(path)
        if level:
            for _ in range(level - 1):
                folder = os.path.dirname(folder)
            starts = [folder]
        else:
            starts = [] if parts[0] in FOUNDATIONS else self.sources.search_path(folder)
        for start in starts:
            files, complete = self._walk(start, parts, bool(level))
            if files or complete:
                yield files, complete

    def _walk(self, folder: str, parts: list[str], package: bool) -> tuple[list[str], bool]:
        files: list[str] = []
        for number, part in enumerate(["__init__", *parts] if package else parts, -package):
            kind = self._look(folder, part)
            if number < 0:
                files += [f"{folder}/__init__.py"] * ("f" in kind)
                continue
            below = f"{folder}/{part}"
            if "d" in kind and "f" in self._look(below, "__init__"):
                files.append(f"{below}/__init__.py")
            elif "f" in kind:
                return [*files, f"{below}.py"], number == len(parts) - 1
            elif not kind:
                return files, False
            folder = below
        return files, True

    def _look(self, folder: str, name: str) -> str:
        self.folders.setdefault(folder, set()).add(name)
        return self.sources.listing(folder).get(name, "")


def _run_imports(node: ast.AST) -> Iterator[ast.AST]:
    """The imports that run when the file does: those outside of functions."""
    if isinstance(node, Import):
        yield node
    elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.expr)):
        for child in ast.iter_child_nodes(node):
            yield from _run_imports(child)
