"""The flake8 adapter: options, the substring filter, findings as flake8 wants them.

Loads the standard library only; rules are imported at the first file that mentions flax or jax.
"""
from __future__ import annotations

import argparse
import ast
from collections.abc import Iterator
from typing import Any

from flake8_nnx import __version__
from flake8_nnx.lint import lint_tree, relevant, telling
from flake8_nnx.source.declared import Declared
from flake8_nnx.verdicts import OFF, annotate, summary


class Plugin:
    """flake8 makes one per file and asks `run` for its findings."""

    name = "flake8-nnx"
    version = __version__
    declared = Declared()
    verdicts = ""

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

    @classmethod
    def parse_options(cls, options: argparse.Namespace) -> None:
        cls.declared = Declared(frozenset(options.nnx_module_classes))
        cls.verdicts = options.nnx_verdicts

    def run(self) -> Iterator[tuple[int, int, str, type[Any]]]:
        source = "".join(self.lines)
        if not (relevant(source) and telling(source, self.declared.names)):
            return
        findings = lint_tree(self.tree, self.filename, elsewhere=self.declared)
        backed = annotate(findings, self.tree, source, self.filename, self.verdicts)
        for found in findings:
            verdict = f" {summary(backed[found])}" if found in backed else ""
            yield found.line, found.col, f"{found.code} {found.message}{verdict}", type(self)
