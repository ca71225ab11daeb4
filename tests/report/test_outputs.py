"""Terminal, Markdown, SARIF, JSON and the trend say what the model says, and hostile texts stay texts."""
import io
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console
from typer.testing import CliRunner

from flake8_nnx.cli import app
from flake8_nnx.report import trend
from flake8_nnx.report.build import build
from flake8_nnx.report.model import ClassEntry, FileEntry, Issue, Report, Step
from flake8_nnx.report.page import page, side_by_side
from flake8_nnx.report.sarif import sarif
from flake8_nnx.report.text import headline, markdown, terminal

SARIF = json.loads((Path(__file__).parent / "sarif-schema-2.1.0.json").read_text())
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "report.json").read_text())
TREND = Path(__file__).parent / "trend"
HOSTILE = "</script><img src=x onerror=alert(1)><!--"


def run(*arguments):
    return CliRunner().invoke(app, ["report", *map(str, arguments)])


def printed(renderable):
    console = Console(width=140, file=io.StringIO())
    console.print(renderable)
    return console.file.getvalue()


def one(state="automatic", name="Model", findings=(), **about):
    entry = ClassEntry("m.py", name, 1, 3, state, **about)
    return FileEntry("m.py", ".", (), 9, (entry,), tuple(findings))


# ---- terminal and Markdown ------------------------------------------------------------------------------------------


def test_the_terminal_shows_states_packages_and_steps(project):
    report = build([Path("app")])
    text = printed(terminal(report))
    assert headline(report) in text and "app/layers.py::Block" in text and "by hand" in text
    assert "assumed rates, not measurements" in re.sub(r"\s+", " ", text)


def test_markdown_is_a_table_of_each(project):
    text = markdown(build([Path("app")]))
    assert "| NNX already | 2 |" in text and "`app/layers.py::Block`" in text
    assert "app/broken.py:3" in text


def test_markdown_of_names_that_are_markup_stays_text():
    report = Report((), (one(),), (Step(1, ("m.py::A|B`<img>",), (), 5),), (HOSTILE,))
    with pytest.raises(ValueError):
        markdown(report)  # a step of a class that is not in the report is a bug, not a row
    report = Report((), (one(name="A|B`<img>"),), (Step(1, ("m.py::A|B`<img>",), (), 5),), (HOSTILE,))
    text = markdown(report)
    assert "<img" not in text.replace("\\<img", "") and "A\\|B" in text


# ---- SARIF ----------------------------------------------------------------------------------------------------------


def test_sarif_is_valid_and_has_every_finding(project):
    report = build([Path("app")])
    made = sarif(report)
    jsonschema.validate(made, SARIF)
    results = made["runs"][0]["results"]
    assert len(results) == report.summary()["findings"] > 0
    rules = made["runs"][0]["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in results)
    notes = made["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert "broken.py" in notes[0]["message"]["text"]


def test_traps_are_warnings_and_linen_is_a_note():
    issues = [Issue(1, 1, 1, 2, "NNX101", "old"), Issue(2, 1, 2, 2, "NNX801", "trap")]
    results = sarif(Report((), (one(findings=issues),), ()))["runs"][0]["results"]
    assert [result["level"] for result in results] == ["note", "warning"]


def test_sarif_of_nothing_is_valid_and_a_broken_one_is_not():
    jsonschema.validate(sarif(Report((), (), (), partial=True)), SARIF)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**sarif(Report((), (), ())), "version": "3"}, SARIF)


# ---- trend ----------------------------------------------------------------------------------------------------------


def moved(before, after):
    return trend.compare(Report((), before, ()).to_json(), Report((), after, ()))


def test_a_class_that_moves_forward_is_no_regression():
    found = moved((one("manual"),), (one("nnx"),))
    assert found.better == (("m.py::Model", "manual", "nnx"),) and not found.regressions
    assert found.states["manual"] == -1 and found.states["nnx"] == 1 and found.ready == 100.0


def test_a_third_of_a_code_base_moves(tmp_path, monkeypatch):
    """Two states of one code base against an expectation that was worked out by hand."""
    monkeypatch.chdir(tmp_path)
    expected = json.loads((TREND / "expected.json").read_text())
    reports = {}
    for state in ("before", "after"):
        shutil.rmtree("app", ignore_errors=True)
        shutil.copytree(TREND / state, "app")
        reports[state] = found = build([Path("app")])
        summary = found.summary()
        order = [name.removeprefix("app/") for step in found.steps for name in step.classes]
        told = {key: summary[key] for key in ("ready", "done", "states")}
        assert {**told, "order": order} == expected[state], state
    assert trend.compare(reports["before"].to_json(), reports["after"]).to_json() == expected["trend"]


def test_what_goes_back_and_new_linen_are_regressions():
    other = replace(one("manual", "New"), path="n.py")
    found = moved((one("nnx"),), (one("review"), other))
    assert found.regressions == ["m.py::Model was nnx and is review", "m.py::New is new Linen code"]


def test_more_traps_are_a_regression_and_fewer_findings_are_not():
    trap, old = Issue(1, 1, 1, 2, "NNX801", "trap"), Issue(1, 1, 1, 2, "NNX101", "old")
    assert moved((one(findings=[old]),), (one(findings=[trap]),)).regressions == ["m.py: 1 more findings of silent traps"]
    assert not moved((one(findings=[trap, old]),), (one(findings=[old]),)).regressions


def test_new_nnx_code_and_removed_code_are_welcome():
    found = moved((one("manual", "Gone"),), (one("nnx", "New"),))
    assert found.new == ("m.py::New",) and found.gone == ("m.py::Gone",) and not found.regressions


@pytest.mark.parametrize(
    "text, why",
    [
        ("{", "is no JSON"),
        ("[]", "is no report"),
        ('{"tool": "other"}', "is no report"),
        ('{"tool": "flake8-nnx", "steps": [], "schema_version": 99}', "has schema version 99, this is 1"),
    ],
)
def test_what_is_no_report_is_refused(project, text, why):
    Path("old.json").write_text(text)
    said = run("app", "--compare", "old.json")
    assert said.exit_code == 2 and why in said.output and "Traceback" not in said.output


# ---- the command ----------------------------------------------------------------------------------------------------


def test_json_on_stdout_is_json_alone(project):
    said = run("app", "--json", "-")
    found = json.loads(said.stdout)
    jsonschema.validate(found, SCHEMA)
    assert found["summary"]["classes"] == 5 and "broken.py" in said.stderr


def test_every_output_is_written(project):
    said = run("app", "--html", "r.html", "--json", "r.json", "--markdown", "r.md", "--sarif", "r.sarif", "-q")
    assert said.stdout == "" and "broken.py" in said.stderr and said.exit_code == 2  # something was not read
    jsonschema.validate(json.loads(Path("r.json").read_text()), SCHEMA)
    jsonschema.validate(json.loads(Path("r.sarif").read_text()), SARIF)
    assert Path("r.md").read_text().startswith("# NNX readiness") and "<title>" in Path("r.html").read_text()


def test_the_trend_and_the_threshold_decide_the_exit_code(project):
    Path("app/broken.py").unlink()
    assert run("app", "--json", "old.json", "-q").exit_code == 0
    assert run("app", "--compare", "old.json", "-q").exit_code == 0
    assert run("app", "--fail-under", "99", "-q").exit_code == 1
    assert run("app", "--fail-under", "1", "-q").exit_code == 0
    with open("app/models.py", "a") as file:
        file.write("\n\nclass More(nn.Module):\n    @nn.compact\n    def __call__(self, x):\n        return nn.Dense(3)(x)\n")
    said = run("app", "--compare", "old.json", "--json", "new.json", "-q")
    assert said.exit_code == 1 and "app/models.py::More is new Linen code" in said.stderr
    found = json.loads(Path("new.json").read_text())
    jsonschema.validate(found, SCHEMA)
    assert found["trend"]["regressions"] == ["app/models.py::More is new Linen code"]


@pytest.mark.parametrize(
    "arguments, why",
    [
        (["nowhere"], "nowhere"),
        (["app", "--json", "-", "--sarif", "-"], "only one output can go to stdout"),
        (["app", "--html", "no/such/folder/r.html"], "no/such/folder/r.html"),
        (["app", "--compare", "nowhere.json"], "nowhere.json"),
    ],
)
def test_what_cannot_be_done_is_one_line(project, arguments, why):
    said = run(*arguments, "-q")
    assert said.exit_code == 2 and why in said.stderr and "Traceback" not in said.output


def test_a_project_without_flax_is_ready(tmp_path, monkeypatch):
    (tmp_path / "a.py").write_text("import torch\n")
    monkeypatch.chdir(tmp_path)
    said = run(".", "--fail-under", "100")
    assert said.exit_code == 0 and "0 module classes" in said.stdout


# ---- the page -------------------------------------------------------------------------------------------------------


def test_the_page_asks_for_nothing_and_runs_nothing_of_the_source():
    entry = one("manual", HOSTILE, source=HOSTILE, blockers=(HOSTILE,))
    text = page(Report((HOSTILE,), (entry,), (Step(1, (f"m.py::{HOSTILE}",), (), 5),), (HOSTILE,)))
    ours = re.sub(r"<script>[^<]*plotly\.js.*?</script>", "", text, flags=re.DOTALL)
    assert "<img" not in ours and "onerror=alert(1)>" not in ours
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", ours) and "@import" not in ours
    assert "default-src 'none'" in ours
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])
    assert data["classes"][0]["name"] == HOSTILE and data["classes"][0]["rows"] == [["", HOSTILE, ""]]


def test_sides_are_aligned():
    entry = ClassEntry("m.py", "A", 1, 3, "automatic", source="a\nb\nc", proposed="a\nx\ny\nc")
    assert list(side_by_side(entry)) == [("", "a", "a"), ("c", "b", "x"), ("c", "", "y"), ("", "c", "c")]
