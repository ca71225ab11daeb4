"""Runs the rules over one file: one list of nodes, dispatch by node type.

Nothing here imports or executes the code that is linted.
"""
from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterable, Iterator

from flake8_nnx.rule import Check, Finding, Rule
from flake8_nnx.source import nnx
from flake8_nnx.source.linen import Elsewhere, Facts
from flake8_nnx.source.read import noqa_lines

# Linen code names flax, or (in files that only use a model) jax.
RELEVANT = ("flax", "jax")


# What every finding in a file linted alone needs: flax itself, or a call that only Linen has.
TELLING = re.compile(
    r"flax|nnx|compact|\.(?:apply|init)\b|init_with_output|lazy_init|apply_fn"
    # A module whose base class another file defines.
    r"|\bself\.(?:param|variable|make_rng|sow|perturb|has_variable|get_variable|put_variable|is_initializing)\(|def setup\(self"
)

TRAPS = "NNX8"  # rules for files that name flax.nnx


def relevant(source: str) -> bool:
    """One substring scan decides whether a file can hold a finding at all."""
    return any(word in source for word in RELEVANT)


def telling(source: str, names: Iterable[str] = ()) -> bool:
    """Whether a relevant file, linted alone, may hold a finding; `names` are module classes declared by the user."""
    return TELLING.search(source) is not None or any(name.rpartition(".")[2] in source for name in names)


@functools.lru_cache(maxsize=2)
def dispatch(traps: bool) -> dict[type[ast.AST], list[tuple[Rule, Check]]]:
    """The checks to run on each node type, with the traps of NNX or not; rules are loaded at the first file with one."""
    from flake8_nnx.rules import RULES

    table: dict[type[ast.AST], list[tuple[Rule, Check]]] = {}
    for rule in RULES:
        if rule.code.startswith(TRAPS) and not traps:
            continue
        for node_type, check in rule.checks:
            table.setdefault(node_type, []).append((rule, check))
    return table


def lint_facts(facts: Facts) -> list[Finding]:
    """The findings of one file, sorted by position, each once."""
    return sorted(set(_findings(facts)))


def _findings(facts: Facts) -> Iterator[Finding]:
    table = dispatch(nnx.present(facts))
    for node in facts.names.nodes:
        for rule, check in table.get(type(node), ()):
            for place, fields in check(node, facts):
                yield rule.finding(place, fields)


def lint_tree(
    tree: ast.Module, filename: str = "-", package: str = "", elsewhere: Elsewhere | None = None
) -> list[Finding]:
    """The findings of a parsed file."""
    return lint_facts(Facts(tree, filename, package, elsewhere))


def lint_source(source: str, filename: str = "-") -> list[Finding]:
    """The findings of a source text, `# noqa` comments obeyed.

    Raises:
        SyntaxError: the text is not Python.
    """
    if not relevant(source) or not telling(source):
        return []
    return drop_suppressed(lint_tree(ast.parse(source, filename), filename), noqa_lines(source))


# As flake8 reads them (flake8.defaults.NOQA_INLINE_REGEXP, NOQA_FILE).
NOQA = re.compile(r"# noqa(?::[\s]?(?P<codes>([A-Z]+[0-9]+(?:[,\s]+)?)+))?", re.IGNORECASE)
NOQA_FILE = re.compile(r"^\s*# flake8[:=]\s*noqa", re.IGNORECASE | re.MULTILINE)


def drop_suppressed(findings: list[Finding], lines: list[str]) -> list[Finding]:
    """Findings whose line has no `# noqa` or `# noqa: NNX…` comment, as flake8 reads them."""
    if any(NOQA_FILE.search(line) for line in lines):
        return []
    return [f for f in findings if not _suppressed(f, lines)]


def _suppressed(finding: Finding, lines: list[str]) -> bool:
    match = NOQA.search(lines[finding.line - 1]) if finding.line <= len(lines) else None
    if match is None:
        return False
    codes = match.group("codes")
    return codes is None or any(finding.code.startswith(code) for code in re.split(r"[,\s]+", codes) if code)
