"""The generated documentation is what the code says, and a new rule starts as a rule that flags nothing yet."""
import ast
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flake8_nnx.dev import pages, scaffold
from flake8_nnx.dev.__main__ import app
from flake8_nnx.rules import RULES

DOCS = Path(__file__).parent.parent / "docs"


def test_no_page_is_stale():
    assert [path.relative_to(DOCS).as_posix() for path in pages.stale(DOCS)] == [], "run python -m flake8_nnx.dev docs"


def test_every_rule_has_a_page_and_a_row():
    made = pages.pages()
    for rule in RULES:
        assert made[f"rules/{rule.code.lower()}.md"].startswith(f"{pages.GENERATED}# {rule.code}: {rule.name}\n")
        assert f"[{rule.code}]({rule.code.lower()}.md) | {rule.name} |" in made["rules/index.md"]
    assert all(rule.code[3] in pages.FAMILIES for rule in RULES)


def test_every_option_is_on_its_page():
    text = pages.pages()["options.md"]
    wanted = "--nnx-module-classes NAMES", "--output-format text|json|", "--init", "--device NAME", "--stdin-display-name PATH"
    for name in (*wanted, "--write", "--fail-under PERCENT"):
        assert f"`{name}" in text, name
    assert "[bold]" not in text and "flake8-nnx record" in text
    assert not re.search(r"`[A-Z_]+_[A-Z_]+`", text)  # a spelling of a parameter that nobody can type


def test_a_page_that_was_changed_lost_or_left_behind_is_stale(tmp_path):
    pages.write(tmp_path)
    assert pages.stale(tmp_path) == []
    (tmp_path / "rules" / "nnx101.md").write_text("by hand")
    (tmp_path / "options.md").unlink()
    (tmp_path / "rules" / "nnx000.md").write_text("a rule that is gone")
    said = CliRunner().invoke(app, ["docs", "--check", "--folder", str(tmp_path)])
    assert said.exit_code == 1
    assert said.output.splitlines() == ["stale: options.md", "stale: rules/nnx000.md", "stale: rules/nnx101.md"]
    assert CliRunner().invoke(app, ["docs", "--folder", str(tmp_path)]).exit_code == 0
    assert pages.stale(tmp_path) == [] and not (tmp_path / "rules" / "nnx000.md").exists()


@pytest.fixture
def checkout(tmp_path):
    for folder in ("flake8_nnx/rules", "tests/lint"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n")
    return tmp_path


def test_a_new_rule_is_python_that_registers_its_code(checkout):
    written = scaffold.new_rule(checkout, "NNX299", "some-idea")
    rule, markers, changelog = (path.read_text() for path in written)
    space = {"__name__": "rule", "__doc__": ast.get_docstring(ast.parse(rule))}
    exec(compile(rule, "rule.py", "exec"), space)
    assert (space["RULE"].code, space["RULE"].name, space["RULE"].fix) == ("NNX299", "some-idea", "manual")
    assert [path.name for path in written] == ["nnx299_some_idea.py", "nnx299.py", "CHANGELOG.md"]
    assert "# NNX299: 0" in markers and "---- silent" in markers and changelog.endswith("- NNX299 `some-idea`: ….\n")


@pytest.mark.parametrize(
    "code, name, why",
    [
        ("NNX101", "other-idea", "taken by NNX101"),
        ("NNX299", RULES[0].name, "is taken by"),
        ("NNX9", "some-idea", "is no code"),
        ("E501", "some-idea", "is no code"),
        ("NNX299", "Some Idea", "is no name"),
        ("NNX299", "../escape", "is no name"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(checkout, code, name, why):
    said = CliRunner().invoke(app, ["new-rule", code, name, "--root", str(checkout)])
    assert said.exit_code == 2 and why in said.output
    assert not list((checkout / "tests" / "lint").iterdir()) and not list((checkout / "flake8_nnx" / "rules").iterdir())


def test_a_rule_is_not_started_twice(checkout):
    scaffold.new_rule(checkout, "NNX299", "some-idea")
    with pytest.raises(ValueError, match="taken by nnx299_some_idea.py"):
        scaffold.new_rule(checkout, "NNX299", "another-idea")
