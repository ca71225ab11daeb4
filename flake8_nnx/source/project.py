"""Facts across files: what an imported name is, followed through the modules and packages of a project.

Names are resolved as Python would from the importing file, so every script has its own `models`; nothing is executed.
"""
from __future__ import annotations

import ast
import contextlib
import functools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Union

from flake8_nnx.source.declared import Declared
from flake8_nnx.source.linen import Facts, ModuleRef
from flake8_nnx.source.names import Binding, Names, canonical
from flake8_nnx.source.outline import outline
from flake8_nnx.source.read import SourceError, decode, parse, python_files, read_source

# What these export is known by name; a checkout of them in the project changes nothing.
FOUNDATIONS = frozenset({"flax", "jax"})
# The directory that holds one of these is the top of a project: absolute imports may start there or in its `src`.
TOP_MARKS = ("pyproject.toml", "setup.py", "setup.cfg", ".git")


# A file that another program hands over follows imports into files of at most so many characters.
MAX_IMPORTED = 1_000_000


@dataclass(frozen=True)
class Definition:
    """Where a name that an import reaches gets its value: a class, a function or an assignment at top level.

    The binding is that of the file's outline.
    """

    file: SourceFile
    name: str
    binding: Binding

    @property
    def whole(self) -> tuple[Facts, Binding] | None:
        """The facts of the file, and the binding with the bodies of functions and classes; None where it is not parsed."""
        try:
            facts = self.file.facts
        except SourceError:
            return None
        binding = facts.names.lookup(self.name, facts.names.module)
        return (facts, binding) if binding is not None else None


# A definition, a module of the project, or the dotted name of something outside of it.
Target = Union[Definition, "SourceFile", str, None]
Seen = frozenset[tuple[Path, str]]


State = tuple[str, int, int]  # a path, and the time and size that stand for what it holds


@functools.lru_cache(maxsize=128)
def text_on_disk(state: State) -> str:
    """The text of a file that many linted ones import: one process reads it once.

    Raises:
        SourceError: it cannot be read.
    """
    return read_source(Path(state[0]))


@functools.lru_cache(maxsize=128)
def names_on_disk(state: State, package: str) -> Names:
    """Its names; neither they nor the tree are ever written on.

    Raises:
        SourceError: it cannot be read or is not Python.
    """
    return Names(parse(text_on_disk(state), state[0]), package)


@functools.lru_cache(maxsize=256)
def outlined_on_disk(state: State, package: str) -> Names:
    """The names of its top level, in a tree without the bodies of functions and classes.

    Raises:
        SourceError: it cannot be read or is not Python.
    """
    text = outline(text_on_disk(state))
    if text is not None:
        with contextlib.suppress(SourceError):
            return Names(parse(text, state[0]), package, statements=True)
    return names_on_disk(state, package)


class SourceFile:
    """One file: its text, its place among the packages, its facts; an `Elsewhere` for those facts.

    `source`, `tree` and `facts` raise `SourceError` when the file cannot be read or is not Python.
    """

    def __init__(
        self, project: Project, path: Path, root: Path, text: str | None = None, tree: ast.Module | None = None
    ) -> None:
        self.project, self.path, self.root, self._text = project, path, root, text
        if tree is not None:
            vars(self)["_parsed"] = tree
        self._targets: dict[str, Target] = {}
        self._probes: dict[Path, SourceFile | None] = {}
        self._heads: dict[str, bool] = {}

    def __repr__(self) -> str:
        return f"SourceFile({str(self.path)!r})"

    @functools.cached_property
    def source(self) -> str:
        if self._text is not None:
            return self._text
        return text_on_disk(self._state) if self._shared else read_source(self.path)

    @functools.cached_property
    def _parsed(self) -> ast.Module | SourceError:
        try:
            if not self._may_follow:
                return SourceError(str(self.path), "is not read: too many imports lead on from here")
            if self._shared:
                return names_on_disk(self._state, self.package).module.node  # type: ignore[return-value]
            return parse(self.source, str(self.path))
        except SourceError as error:
            return error

    @property
    def _shared(self) -> bool:
        """Whether this is a file that many linted ones import: one process parses it once."""
        return self._text is None and self.project.left is not None

    @functools.cached_property
    def _may_follow(self) -> bool:
        return self.project.may_parse(self)

    @functools.cached_property
    def _state(self) -> State:
        try:
            stat = self.path.stat()
        except OSError as error:
            raise SourceError(str(self.path), error.strerror or str(error)) from None
        return str(self.path), stat.st_mtime_ns, stat.st_size

    @property
    def tree(self) -> ast.Module:
        if isinstance(self._parsed, SourceError):
            raise self._parsed
        return self._parsed

    @functools.cached_property
    def facts(self) -> Facts:
        source = self.source if self.project.spelt else None
        tree = self.tree
        names = names_on_disk(self._state, self.package) if self._shared else None
        return Facts(tree, str(self.path), self.package, self, source, names)

    @property
    def outline(self) -> Facts:
        """Facts about the top level of the file, without what only the bodies of its functions and classes tell.

        Raises:
            SourceError: it cannot be read or is not Python.
        """
        if isinstance(self._outline, SourceError):
            raise self._outline
        return self._outline

    @functools.cached_property
    def _outline(self) -> Facts | SourceError:
        try:
            if not self._shared or "facts" in vars(self) or not self._may_follow:
                return self.facts
            names = outlined_on_disk(self._state, self.package)
            return Facts(names.module.node, str(self.path), self.package, self, None, names)  # type: ignore[arg-type]
        except SourceError as error:
            return error

    def forget_tree(self) -> None:
        """Free the tree of a file that has nothing to do with Linen; it is parsed anew if another file asks."""
        if "facts" not in vars(self):
            vars(self).pop("_parsed", None)

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    @functools.cached_property
    def top(self) -> Path:
        """Where the file's dotted name starts: the directory above its outermost package, else where it was found."""
        above = self.path.parent
        while (above / "__init__.py").exists() and above.parent != above:
            above = above.parent
        if above != self.path.parent:
            return above
        source_layout = self.root / "src"
        return source_layout if source_layout in self.path.parents else self.root

    @functools.cached_property
    def module(self) -> str:
        """Dotted module name: `pkg.models` of `pkg/models.py`, `pkg` of `pkg/__init__.py`."""
        parts = self.path.with_suffix("").relative_to(self.top).parts
        return ".".join(parts[:-1] if self.is_package else parts)

    @property
    def package(self) -> str:
        """The package that relative imports start from, `""` for a script."""
        return self.module if self.is_package else self.module.rpartition(".")[0]

    # ---- Elsewhere --------------------------------------------------------------------------------------------------

    def translate(self, origin: str) -> str | None:
        """The origin behind re-exports: outside the project as it is known there, else where it is defined."""
        target = self.resolve(origin)
        if isinstance(target, Definition):
            name = f"{target.file.module}.{target.name}"
            # A script's name is no name for files that would import another module by it.
            target = name if self.resolve(name) == target else None
        return target if isinstance(target, str) and target != origin else None

    def module_class(self, origin: str) -> ModuleRef | None:
        target = self.resolve(origin)
        if isinstance(target, Definition):
            return self.project.class_of(target)
        return self.project.declared.module_class(target if isinstance(target, str) else origin)

    def instance(self, origin: str) -> ModuleRef | None:
        target = self.resolve(origin)
        return self.project.instance_of(target) if isinstance(target, Definition) else None

    def bases(self, origin: str) -> frozenset[str]:
        found, waiting = set[str](), [(self, origin)]
        while waiting:
            file, name = waiting.pop()
            target = file.resolve(name)
            node = target.binding.node if isinstance(target, Definition) else None
            if isinstance(target, Definition) and isinstance(node, ast.ClassDef):
                names = {base for each in node.bases if (base := target.file.outline.origin(each))} - found
                found |= names
                waiting += [(target.file, each) for each in names]
        return frozenset(found)

    def definition(self, origin: str) -> tuple[Binding, Facts] | None:
        target = self.resolve(origin)
        whole = target.whole if isinstance(target, Definition) else None
        return (whole[1], whole[0]) if whole is not None else None

    # ---- imports ----------------------------------------------------------------------------------------------------

    def resolve(self, origin: str) -> Target:
        """What a dotted name means in an import of this file."""
        if origin not in self._targets:
            self._targets[origin] = self._resolve(origin, frozenset())
        return self._targets[origin]

    def _resolve(self, origin: str, seen: Seen) -> Target:
        if origin.startswith("."):
            return self._relative(origin, seen)
        head, *rest = origin.split(".")
        if not self._within(head):
            return canonical(origin)
        for directory in self.search_path:
            file = self._module_at(directory / head)
            if file is not None:
                return file._member(rest, seen)
        for directory in self.search_path:
            if rest and (found := self._inside(directory, [head, *rest], seen)) is not None:
                return found
        return canonical(origin)

    def _within(self, head: str) -> bool:
        """Whether an absolute import that starts with this name may lead to a file of the project."""
        if head not in self._heads:
            places = [directory / head for directory in self.search_path] if head not in FOUNDATIONS else []
            found = [self._module_at(place) is not None or self.project.is_directory(place) for place in places]
            self._heads[head] = any(found)
        return self._heads[head]

    def _relative(self, origin: str, seen: Seen) -> Target:
        """`.models.MLP` and `..models.MLP`, as they stand where the file's package is not known."""
        parts = origin.lstrip(".").split(".")
        level = len(origin) - len(origin.lstrip("."))
        if not parts[0]:
            return None
        places = [self.path.parent, *self.path.parent.resolve().parents][:level]
        # The origin of `from . import models` has a dot more than its level.
        found = (self._inside(place, parts, seen) for place in reversed(places[-2:]))
        return next((target for target in found if target is not None), None)

    @functools.cached_property
    def search_path(self) -> list[Path]:
        """Directories in which an absolute import of this file may start, as `sys.path` would have them."""
        path = [self.top, self.path.parent, self.root]
        above = [self.path.parent, *self.path.parent.parents]
        marked = next((i for i, place in enumerate(above) if any((place / m).exists() for m in TOP_MARKS)), None)
        if marked is not None:
            path += [place for directory in above[: marked + 1] for place in (directory, directory / "src")]
        path += [self.root / "src", self.root.parent]  # `app.blocks`, where `app` is what was asked for
        return list(dict.fromkeys(path))

    def _inside(self, directory: Path, parts: Sequence[str], seen: Seen) -> Target:
        """What `parts` names below a directory, which may be a package without `__init__.py`."""
        file = self._module_at(directory / parts[0])
        if file is not None:
            return file._member(parts[1:], seen)
        below = directory / parts[0]
        return self._inside(below, parts[1:], seen) if parts[1:] and self.project.is_directory(below) else None

    def _module_at(self, path: Path) -> SourceFile | None:
        found = self._probes[path] = self.project.module_at(path)
        return found

    def reached(self) -> tuple[list[SourceFile], list[Path]]:
        """The other files that were looked into on behalf of this one so far, and all places that were tried for modules."""
        files: dict[SourceFile, None] = {self: None}
        probes: dict[Path, None] = {}
        line = [self]
        while line:
            for path, found in line.pop()._probes.items():
                probes[path] = None
                if found is not None and found not in files:
                    files[found] = None
                    line.append(found)
        del files[self]
        return list(files), list(probes)

    def _member(self, parts: Sequence[str], seen: Seen) -> Target:
        """What `parts` names inside this module: an attribute or, of a package, a module below."""
        if not parts:
            return self
        ways = [self._attribute]
        if self.is_package:
            # `from . import mlp` binds the module's own name: the last part is first an attribute, the others modules.
            ways.insert(0 if len(parts) > 1 else 1, self._below)
        return next((found for way in ways if (found := way(parts, seen)) is not None), None)

    def _below(self, parts: Sequence[str], seen: Seen) -> Target:
        return self._inside(self.path.parent, parts, seen)

    def _attribute(self, parts: Sequence[str], seen: Seen) -> Target:
        name, rest = parts[0], parts[1:]
        here = (self.path, name)
        try:
            names = self.outline.names
        except SourceError:
            return None
        if here in seen:
            return None
        seen = seen | {here}
        binding = names.lookup(name, names.module)
        if binding is None:
            return self._starred(parts, seen)
        if binding.kind == "import" and binding.origin:
            return self._resolve(".".join([binding.origin, *rest]), seen)
        dotted = _dotted(binding.value) if binding.kind == "assign" else []
        if dotted:
            return self._attribute([*dotted, *rest], seen)
        return None if rest else Definition(self, name, binding)

    def _starred(self, parts: Sequence[str], seen: Seen) -> Target:
        """What `from .models import *` brings in; the last such line wins."""
        if parts[0].startswith("_"):
            return None
        for statement in reversed(self.outline.tree.body):
            if isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*":
                base = self.outline.names.absolute(statement.module, statement.level)
                name = f"{base}{'' if base.endswith('.') else '.'}{'.'.join(parts)}"
                found = self._resolve(name, seen)
                if found is not None and not isinstance(found, str):
                    return found
        return None


class Project:
    """The Python files under some paths, each with its facts, and what their imports reach.

    Files that are imported but not under the paths are read for their facts; they are not in `files`. With `spelt`, what
    is said of a file keeps its spelling, as a rewrite needs it.
    """

    def __init__(self, paths: Sequence[Path], declared: Declared | None = None, spelt: bool = False) -> None:
        self.declared, self.spelt = declared or Declared(), spelt
        self.left: int | None = None
        self.files: list[SourceFile] = []
        self.errors: list[SourceError] = []
        self._by_path: dict[Path, SourceFile] = {}
        self._modules: dict[Path, SourceFile | None] = {}
        self._directories: dict[Path, bool] = {}
        self._answers: dict[tuple[Definition, str], ModuleRef | None] = {}
        for found in python_files(paths):
            if isinstance(found, SourceError):
                self.errors.append(found)
            else:
                self.files.append(self._file(*found))

    def add_text(self, text: bytes, path: Path) -> None:
        """A file whose text is given, as an editor has it before it is saved.

        Raises:
            SourceError: the bytes are not text in the encoding they declare.
        """
        self.give(decode(text, str(path)), path, path.parent)

    def give(self, text: str, path: Path, root: Path) -> SourceFile:
        """A file whose text another part of the program has read."""
        file = SourceFile(self, path, root, text)
        self._by_path[path.resolve()] = file
        self.files.append(file)
        return file

    def open(self, path: Path, text: str, tree: ast.Module, imports: int) -> SourceFile:
        """A file that another program has read and parsed; at most so many files are parsed to follow its imports."""
        self.left = imports
        file = SourceFile(self, path, path.parent, text, tree)
        self._by_path[path.resolve()] = file
        return file

    def may_parse(self, file: SourceFile) -> bool:
        """Whether the imports that are followed may lead on to this file."""
        if self.left is None or file in self.files:
            return True
        self.left -= 1
        return self.left >= 0 and len(file.source) <= MAX_IMPORTED

    def _file(self, path: Path, root: Path) -> SourceFile:
        return self._by_path.setdefault(path.resolve(), SourceFile(self, path, root))

    def module_at(self, path: Path) -> SourceFile | None:
        """The package or module that `path` without suffix names."""
        if path not in self._modules:
            found = found_at(path)
            self._modules[path] = self._file(Path(found), path.parent) if found.endswith(".py") else None
        return self._modules[path]

    def is_directory(self, path: Path) -> bool:
        if path not in self._directories:
            self._directories[path] = path.is_dir()
        return self._directories[path]

    def class_of(self, definition: Definition) -> ModuleRef | None:
        """The Linen module class that a definition is; of a partial or a lifted class the name alone."""
        outline, binding = definition.file.outline, definition.binding

        def of_class() -> ModuleRef | None:
            # Without a base that is known, the methods of a class may prove it a module.
            if outline.linen_class(binding.node) is None and "compact" not in definition.file.source:
                return None
            whole = definition.whole
            if whole is None:
                return None
            local = whole[0].linen_class(whole[1].node)
            return ModuleRef(local.name, local=local) if local is not None else None

        def of_value() -> ModuleRef | None:
            ref = outline.module_class(binding.value)
            return ModuleRef(definition.name) if ref is not None else None

        return self._once(definition, "class", of_class if binding.kind == "class" else of_value)

    def instance_of(self, definition: Definition) -> ModuleRef | None:
        """The class when a definition is a Linen module instance or a function that returns one."""

        def answer() -> ModuleRef | None:
            whole = definition.whole
            if whole is None:
                return None
            facts, binding = whole
            return facts.returned(binding.node, 0) if isinstance(binding.node, ast.FunctionDef) else facts.bound(binding, 0)

        return self._once(definition, "instance", answer)

    def _once(self, definition: Definition, question: str, answer: Callable[[], ModuleRef | None]) -> ModuleRef | None:
        """Answer, remember; None while the answer is being found, since files may import each other."""
        key = (definition, question)
        if key not in self._answers:
            self._answers[key] = None
            self._answers[key] = answer()
        return self._answers[key]


def found_at(path: Path) -> str:
    """The file of the package or module that `path` without suffix names, the folder itself, or `""`."""
    text = str(path)
    # os.path: pathlib takes several times as long, and this is asked for every place where an import may lead.
    for place in (os.path.join(text, "__init__.py"), f"{text}.py"):
        if os.path.isfile(place):
            return place
    return text if os.path.isdir(text) else ""


def _dotted(node: ast.expr | None) -> list[str]:
    """`["nn", "Dense"]` of `nn.Dense`, `[]` of anything but a dotted name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return [node.id, *reversed(parts)] if isinstance(node, ast.Name) else []
