"""The exact findings of the files beside this one, which state them in their own comments.

`# NNX101: 4` at the end of a line means: NNX101 here, in column 4. A line may state several.
"""
from __future__ import annotations

import io
import re
import tokenize
from pathlib import Path

import pytest

from flake8_nnx.lint import lint_source
from flake8_nnx.rules import RULES

FILES = sorted(Path(__file__).parent.glob("nnx*.py"))
MARK = re.compile(r"\b(NNX\d{3}): (\d+)\b")
every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def expected(source: str) -> list[tuple[int, int, str]]:
    """(line, column, code) of every mark in the comments."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = [token for token in tokens if token.type == tokenize.COMMENT]
    return sorted((c.start[0], int(col), code) for c in comments for code, col in MARK.findall(c.string))


@every_file
def test_findings_are_those_stated(path: Path) -> None:
    source = path.read_text()
    found = [(f.line, f.col, f.code) for f in lint_source(source, str(path))]
    assert found == expected(source)


@every_file
def test_at_least_half_of_the_code_is_silent(path: Path) -> None:
    """Lines of code (not blank, comment or docstring) without a mark are at least as many as lines with one."""
    source = path.read_text()
    marked = {line for line, _, _ in expected(source)}
    code = {
        token.start[0]
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type in (tokenize.NAME, tokenize.OP, tokenize.NUMBER)
    }
    assert len(code - marked) >= len(marked)


@pytest.mark.parametrize("code", [rule.code for rule in RULES])
def test_every_rule_has_a_file_of_its_own(code: str) -> None:
    path = Path(__file__).parent / f"{code.lower()}.py"
    assert [line for line, _, found in expected(path.read_text()) if found == code]


def test_marks_are_read() -> None:
    source = "x = 1  # NNX101: 4 NNX103: 10, and why\ny = '# NNX105: 2'\n"
    assert expected(source) == [(1, 4, "NNX101"), (1, 10, "NNX103")]
