"""The flake8 adapter: options, the substring filter, findings as flake8 wants them.

Loads the standard library only; rules are imported at the first file that mentions flax or jax.
"""
from __future__ import annotations

import argparse
import ast
import contextlib
import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flake8_nnx import __version__, versions
from flake8_nnx.lint import lint_facts, lint_tree, relevant, telling
from flake8_nnx.rule import Finding
from flake8_nnx.source.declared import Declared
from flake8_nnx.verdicts import OFF, annotate, summary


# What flake8 calls a text that has no file.
NO_FILE = ("-", "stdin")
# Of so many files at most the imports of one linted file are followed.
MAX_IMPORTS = 100


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """No search for cyclic garbage while one file is linted: it would go through everything that flake8 holds, time and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class Plugin:
    """flake8 makes one per file and asks `run` for its findings."""

    name = "flake8-nnx"
    version = __version__
    declared = Declared()
    verdicts = ""
    one_file = False
    cache = ""
    flax: versions.Version | None = None

    def __init__(self, tree: ast.Module, lines: list[str], filename: str = "-") -> None:
        self.tree, self.lines, self.filename = tree, lines, filename

    @staticmethod
    def add_options(parser: Any) -> None:
        """Register the `--nnx-…` options, readable from setup.cfg, tox.ini and .flake8 as well."""
        parser.add_option(
            "--nnx-module-classes",
            default="",
            metavar="NAMES",
            parse_from_config=True,
            comma_separated_list=True,
            help="Dotted names of Linen module classes defined in other files (flake8 sees one file at a time), "
            "for example mylib.layers.BaseModule; classes derived from them are Linen modules too.",
        )
        parser.add_option(
            "--nnx-verdicts",
            default="",
            metavar="FILE",
            parse_from_config=True,
            normalize_paths=True,
            help="The verdicts that `flake8-nnx check --verify` stored, shown with the findings for as long as they hold "
            f"(default: .flake8_nnx/verdicts.sqlite of the project; {OFF}: show none).",
        )

        parser.add_option(
            "--nnx-flax-version",
            default="",
            metavar="VERSION",
            parse_from_config=True,
            help="The flax that the code is migrated to, as 0.11 or 0.12.8 (default: the installed one, else the newest known).",
        )
        parser.add_option(
            "--nnx-one-file",
            action="store_true",
            default=False,
            parse_from_config=True,
            help="Look at the linted file alone; by default the files of the project that it imports are read, so that a "
            "module class from there is known. They are never executed.",
        )
        parser.add_option(
            "--nnx-cache",
            default="",
            metavar="DIR",
            parse_from_config=True,
            normalize_paths=True,
            help="Where findings are remembered between runs (default: $FLAKE8_NNX_CACHE, else flake8-nnx in the user's cache "
            f"directory; {OFF}: remember nothing).",
        )

    @classmethod
    def parse_options(cls, options: argparse.Namespace) -> None:
        cls.declared = Declared(frozenset(options.nnx_module_classes))
        cls.verdicts = options.nnx_verdicts
        cls.one_file, cls.cache = options.nnx_one_file, options.nnx_cache
        try:
            cls.flax = versions.parse(options.nnx_flax_version) if options.nnx_flax_version else None
        except ValueError as error:
            raise SystemExit(f"flake8-nnx: --nnx-flax-version: {error}") from None

    def run(self) -> Iterator[tuple[int, int, str, type[Any]]]:
        source = "".join(self.lines)
        if not (relevant(source) and telling(source, self.declared.names)):
            return
        with uncollected():
            findings = versions.adapted(self.findings(source), self.version_of_flax())
        backed = annotate(findings, self.tree, source, self.filename, self.verdicts)
        for found in findings:
            verdict = f" {summary(backed[found])}" if found in backed else ""
            yield found.line, found.col, f"{found.code} {found.message}{verdict}", type(self)

    def findings(self, source: str) -> list[Finding]:
        """The findings of the file, from an earlier run where nothing has changed since."""
        if self.one_file or self.filename in NO_FILE:
            return lint_tree(self.tree, self.filename, elsewhere=self.declared)
        from flake8_nnx.remembered import Remembered
        from flake8_nnx.source.project import Project

        file = Project([], self.declared).open(Path(self.filename), source, self.tree, MAX_IMPORTS)
        remembered = Remembered.at(self.cache)
        found = remembered.get(file) if remembered else None
        if found is None:
            found = lint_facts(file.facts)
            if remembered:
                remembered.put(file, found)
        return found

    @classmethod
    def version_of_flax(cls) -> versions.Version:
        if cls.flax is None:
            cls.flax = versions.installed()
        return cls.flax
