"""Rewrites of whole files: `linen.py` becomes `nnx.py`, and what is not rewritten is said in `notes.txt`.

`UPDATE_GOLDENS=1 pytest tests/migrate` refreshes them; read the diff before you commit it.
"""
import ast
import collections
import io
import os
import tokenize
from pathlib import Path

import pytest
from golden_options import with_options

from flake8_nnx.lint import lint_source
from flake8_nnx.migrate.file import plan_file, rewrite, todo

HERE = Path(__file__).parent
CASES = sorted(path.parent.name for path in HERE.glob("*/linen.py"))


def comments(source):
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return collections.Counter(token.string for token in tokens if token.type == tokenize.COMMENT)


def migrated(name):
    source = (HERE / name / "linen.py").read_text()
    planned = plan_file(source, "linen.py")
    return source, planned, with_options(planned, rewrite(planned), HERE / name)


def notes_of(planned, new):
    refused = [f"{plan.name}: {refusal}" for plan in planned.plans for refusal in plan.refusals]
    by_hand = [note for note in todo(planned, new, "nnx.py") if "of the new text" not in note]
    return "\n".join([*refused, *by_hand]) + "\n"


@pytest.mark.parametrize("name", CASES)
def test_rewrite(name):
    _, planned, new = migrated(name)
    notes = notes_of(planned, new)
    if os.environ.get("UPDATE_GOLDENS"):
        (HERE / name / "nnx.py").write_text(new)
        (HERE / name / "notes.txt").write_text(notes)
    assert new == (HERE / name / "nnx.py").read_text()
    assert notes == (HERE / name / "notes.txt").read_text()


@pytest.mark.parametrize("name", CASES)
def test_output_compiles_and_keeps_comments(name):
    source, _, new = migrated(name)
    compile(new, name, "exec")
    assert comments(source) - comments(new) == {}


@pytest.mark.parametrize("name", CASES)
def test_second_run_changes_nothing(name):
    _, _, new = migrated(name)
    assert rewrite(plan_file(new, "nnx.py")) == new


@pytest.mark.parametrize("name", CASES)
def test_migrated_classes_lint_clean(name):
    _, planned, new = migrated(name)
    done = {plan.name for plan in planned.native}
    lines = {n.name: range(n.lineno, n.end_lineno + 1) for n in ast.parse(new).body if isinstance(n, ast.ClassDef)}
    assert [f for f in lint_source(new) if any(f.line in lines[name] for name in done)] == []


def test_classes_that_must_be_refused():
    source, planned, new = migrated("refused")
    assert planned.native == [] and new == source


def test_files_without_linen_stay_byte_for_byte():
    source, planned, new = migrated("left_alone")
    assert planned.plans == [] and new == source


def test_a_class_stays_linen_while_linen_code_uses_it():
    source = (HERE / "refused" / "linen.py").read_text()
    alone = plan_file(source, "linen.py", keep_running=False)
    assert "Leaf" in {plan.name for plan in alone.native}
    reasons = [str(r) for plan in plan_file(source, "linen.py").plans if plan.name == "Leaf" for r in plan.refusals]
    assert len(reasons) == 1 and "`KeepsLeaf`, which stays Linen, still uses it" in reasons[0]


SPELLINGS = ["(8, 16)", "(8, 16,)", "( 8, 16 )", "[8, 16]", "8, 16", "((8), 16)", "tuple((8, 16))"]


@pytest.mark.parametrize("iterable", SPELLINGS)
def test_every_spelling_of_an_iterable_is_exchanged(iterable):
    source = (
        "import flax.linen as nn\n\n\nclass A(nn.Module):\n    @nn.compact\n    def __call__(self, x):\n"
        f"        for w in {iterable}:\n            x = nn.LayerNorm()(nn.Dense(w)(x))\n        return x\n"
    )
    new = rewrite(plan_file(source, "a.py"))
    assert "in zip(self.layer_norms, self.dense_layers):" in new
    compile(new, "a.py", "exec")


def test_what_cannot_be_matched_is_refused_as_a_whole():
    source = (
        "import flax.linen as nn\n\n\nclass A(nn.Module):\n    @nn.compact\n    def __call__(self, x):\n"
        "        for w in (8), (16):\n            x = nn.LayerNorm()(nn.Dense(w)(x))\n        return x\n"
    )
    planned = plan_file(source, "a.py")
    assert rewrite(planned) == source
    assert ["could not be matched" in str(refusal) for refusal in planned.plans[0].refusals] == [True]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("return x if {} else -x", "return x if ({}) else -x"),
        ("return -x if not {} else x", "return -x if not ({}) else x"),
        ("return x * {}", "return x * ({})"),
        ("return self.run(x, {})", "return self.run(x, {})"),
    ],
)
def test_a_merged_flag_stands_in_the_place_of_its_call(line, expected):
    text = (
        "import flax.linen as nn\n\n\nclass A(nn.Module):\n    flag: bool | None = None\n\n    def run(self, x, flag):\n"
        "        return x\n\n    def __call__(self, x, flag: bool | None = None):\n        "
    )
    old, new = 'nn.merge_param("flag", self.flag, flag)', "flag if flag is not None else self.flag"
    rewritten = rewrite(plan_file(text + line.format(old) + "\n", "a.py"))
    assert expected.format(new) in rewritten
    assert "linen" not in rewritten
