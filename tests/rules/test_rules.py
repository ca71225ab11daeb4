"""What holds for every rule: its examples, its page, its names and its place."""
from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from flake8_nnx import explain, rules
from flake8_nnx.lint import lint_source
from flake8_nnx.rule import Example, Fix, Rule
from flake8_nnx.rules import BY_CODE, RULES

EXAMPLES = [
    pytest.param(rule, example, id=f"{rule.code}-{number}")
    for rule in RULES
    for number, example in enumerate(rule.examples)
]
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
every_example = pytest.mark.parametrize(("rule", "example"), EXAMPLES)
FIXES: tuple[Fix, ...] = ("safe", "review", "manual")


def codes(source: str) -> set[str]:
    return {found.code for found in lint_source(source)}


# ---- examples -----------------------------------------------------------------------------------------------------


@every_example
def test_linen_side_gives_its_own_code_and_those_named(rule: Rule, example: Example) -> None:
    assert codes(example.linen) == {rule.code, *example.also}


@every_example
def test_nnx_side_is_silent(rule: Rule, example: Example) -> None:
    assert lint_source(example.nnx) == []


@every_example
def test_both_sides_are_python(rule: Rule, example: Example) -> None:
    for source in (example.linen, example.nnx):
        compile(source, rule.code, "exec")
        assert source.startswith("\n") and source.endswith("\n") and not source.endswith("\n\n")


@every_example
def test_nnx_side_is_native(rule: Rule, example: Example) -> None:
    assert "nnx" in example.nnx
    assert "linen" not in example.nnx
    assert not re.search(r"\.value\b|StateAxes|DiffState", example.nnx)


@every_example
def test_also_names_other_rules(rule: Rule, example: Example) -> None:
    assert rule.code not in example.also
    assert set(example.also) <= set(BY_CODE)


@every_rule
def test_has_an_example(rule: Rule) -> None:
    assert rule.examples


# ---- messages -----------------------------------------------------------------------------------------------------


@every_example
def test_message_is_one_clear_line(rule: Rule, example: Example) -> None:
    for found in lint_source(example.linen):
        assert found.message == found.message.strip()
        assert "\n" not in found.message and "  " not in found.message
        assert not found.message.endswith(".")
        assert "None`" not in found.message
        assert not re.search(r"axis\d_of_", found.message), "an internal name of a size"
        assert not re.search(r"<\w+ object|ast\.", found.message)


@every_example
def test_finding_lies_in_the_file(rule: Rule, example: Example) -> None:
    lines = example.linen.split("\n")
    for found in lint_source(example.linen):
        assert (found.line, found.col) < (found.end_line, found.end_col)
        assert found.end_col <= len(lines[found.end_line - 1].encode())
        assert lines[found.line - 1][found.col:].strip()


# ---- the rule itself ----------------------------------------------------------------------------------------------


def test_codes_and_names_are_unique() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES)
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_rules_come_in_the_order_of_their_codes() -> None:
    assert [rule.code for rule in RULES] == sorted(rule.code for rule in RULES)


@every_rule
def test_code_and_name(rule: Rule) -> None:
    assert re.fullmatch(r"NNX\d{3}", rule.code)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
    assert rule.fix in FIXES
    assert rule.checks and all(issubclass(node_type, ast.AST) for node_type, _ in rule.checks)


@every_rule
def test_page_has_its_sections(rule: Rule) -> None:
    parts = explain.sections(rule)
    assert list(parts) == ["Title", "Summary", "What it flags", "Why", "Caveats", "Source"]
    assert all(text.strip() for text in parts.values())
    assert "\n" not in parts["Title"]


def test_every_file_is_a_rule() -> None:
    folder = Path(rules.__file__).parent
    files = {path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")}
    assert all(re.fullmatch(r"nnx\d{3}_[a-z_]+", name) for name in files)
    assert {name[:6].upper() for name in files} == set(BY_CODE)
    assert len(files) == len(RULES)


# ---- explain ------------------------------------------------------------------------------------------------------


@every_rule
def test_explain_shows_the_whole_page(rule: Rule) -> None:
    text = explain.explain(rule.code)
    assert text.startswith(f"{rule.code} {rule.name}: ")
    assert text == explain.explain(rule.name) == explain.explain(rule.code.lower())
    unfilled = " ".join(text.split())
    for part in explain.sections(rule).values():
        assert " ".join(part.split()) in unfilled
    for example in rule.examples:
        assert all(line in text for line in example.linen.split("\n"))


@every_rule
def test_markdown_page(rule: Rule) -> None:
    page = explain.explain_markdown(rule)
    assert page.startswith(f"# {rule.code}: {rule.name}\n")
    assert page.count("```python\n") == 2 * len(rule.examples) == page.count("\n```\n")


@every_rule
def test_json_page(rule: Rule) -> None:
    import json

    page = json.loads(json.dumps(explain.explain_json(rule)))
    assert page["code"] == rule.code and page["fix"] == rule.fix
    assert [BY_CODE[code].code for example in page["examples"] for code in example["also"]] == [
        code for example in rule.examples for code in example.also
    ]


@pytest.mark.parametrize(
    ("given", "nearest"),
    [("NNX100", "NNX101"), ("nnx1101", "NNX110"), ("NX110", "NNX110"), ("compact", "compact-method")],
)
def test_unknown_code_names_the_nearest(given: str, nearest: str) -> None:
    with pytest.raises(LookupError, match=nearest):
        explain.explain(given)


def test_unknown_code_without_a_near_one_says_the_range() -> None:
    with pytest.raises(LookupError, match=f"{RULES[0].code} to {RULES[-1].code}"):
        explain.explain("qqqqqqqq")


@pytest.mark.parametrize("given", ["", "NNX", "E501", "NNX1010"])
def test_what_is_no_code_is_refused(given: str) -> None:
    with pytest.raises(LookupError):
        explain.explain(given)
