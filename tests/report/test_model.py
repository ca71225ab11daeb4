"""The readiness model: states, order, effort, owners; the same with any number of processes, and after one of them died."""
import json
import os
import signal
from pathlib import Path

import jsonschema
import pytest

from flake8_nnx import parallel
from flake8_nnx.report import effort, order
from flake8_nnx.report.build import build
from flake8_nnx.report.model import STATES, ClassEntry, Report, percent

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "report.json").read_text())


def states(report):
    return {entry.id: entry.state for entry in report.classes}


def test_the_state_of_each_class(project):
    found = states(build([Path("app")]))
    assert found["app/layers.py::Block"] == "automatic"
    assert found["app/layers.py::Scoped"] == "manual"
    assert found["app/new.py::Base"] == found["app/new.py::Done"] == "nnx"
    assert found["app/models.py::Model"] == "automatic"  # with the class of another file that it constructs
    assert not any("Plain" in name or "Net" in name or "Half" in name for name in found)


def test_a_class_stays_where_what_it_needs_of_another_file_stays(project):
    (project / "app" / "user.py").write_text(
        "import flax.linen as nn\nfrom app.layers import Scoped\n\n\nclass User(nn.Module):\n"
        "    @nn.compact\n    def __call__(self, x):\n        return Scoped()(x)\n"
    )
    for path, told in ("app", "which stays Linen"), ("app/user.py", "which stays as it is"):
        (user,) = [entry for entry in build([Path(path)]).classes if entry.name == "User"]
        assert user.state == "manual" and told in user.blockers[0]


def test_what_blocks_is_named_with_its_line(project):
    (scoped,) = [entry for entry in build([Path("app")]).classes if entry.name == "Scoped"]
    assert scoped.blockers and all(text.startswith("line ") for text in scoped.blockers)
    assert not scoped.proposed and "class Scoped" in scoped.source and scoped.minutes > effort.of_class("manual", 0, 0)


def test_a_proposal_is_python_and_the_file_is_left_alone(project):
    before = {path: path.read_bytes() for path in project.rglob("*.py")}
    (block,) = [entry for entry in build([Path("app")]).classes if entry.name == "Block"]
    compile(block.proposed, "block.py", "exec")
    assert "class Block(nnx.Module)" in block.proposed and "nnx.Linear(" in block.proposed
    assert {path: path.read_bytes() for path in project.rglob("*.py")} == before


def test_dependencies_cross_files_and_order_the_plan(project):
    report = build([Path("app")])
    (model,) = [entry for entry in report.classes if entry.name == "Model"]
    assert model.depends == ("app/layers.py::Block",)
    places = {name: step.number for step in report.steps for name in step.classes}
    assert places["app/layers.py::Block"] < places["app/models.py::Model"]
    (step,) = [step for step in report.steps if "app/layers.py::Block" in step.classes]
    assert step.bridge == ("app/models.py::Model",)
    assert "app/new.py::Done" not in places


def test_a_file_that_is_no_python_costs_one_line(project):
    report = build([Path("app")])
    (error,) = report.errors
    assert error.startswith("app/broken.py:3: is not valid Python")
    assert report.summary()["unread"] == 1 and not report.partial


def test_owners_come_from_codeowners(project):
    owners = {file.path: file.owners for file in build([Path("app")]).files}
    assert owners["app/layers.py"] == ("@layers",) and owners["app/models.py"] == ("@everyone",)


def test_findings_around_the_classes_cost_effort(project):
    (file,) = [file for file in build([Path("app")]).files if file.path == "app/models.py"]
    outside = [issue for issue in file.findings if issue.line >= 13]
    assert outside and file.minutes == effort.around(len(outside))


def test_any_number_of_processes_gives_the_same(project):
    one, two = (json.dumps(build([Path("app")], jobs=jobs).to_json()) for jobs in (1, 2))
    assert one == two


def dies_once(number):
    flag = Path("died")
    if not flag.exists():
        flag.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return parallel._worker(number)


def test_a_process_that_is_killed_costs_only_time(project, monkeypatch):
    wanted = build([Path("app")]).to_json()
    monkeypatch.setattr(parallel, "_at", dies_once)
    assert build([Path("app")], jobs=2).to_json() == wanted
    assert Path("died").exists()


def test_an_interrupted_run_is_partial_and_says_so(project):
    def stop(done, total):
        if done == 2:
            raise KeyboardInterrupt

    report = build([Path("app")], progress=stop)
    assert report.partial and report.scanned == 2 and report.to_json()["partial"]
    assert len(report.files) <= 2


def test_json_is_what_the_schema_says(project):
    jsonschema.validate(build([Path("app")]).to_json(), SCHEMA)
    jsonschema.validate(Report((), (), ()).to_json(), SCHEMA)
    wrong = {**Report((), (), ()).to_json(), "schema_version": 2}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, SCHEMA)


def test_nothing_is_ready_by_default():
    summary = Report((), (), ()).summary()
    assert summary["classes"] == 0 and summary["ready"] == 100.0 and percent(1, 3) == 33.3


# ---- order ----------------------------------------------------------------------------------------------------------


def entries(**depends):
    return [
        ClassEntry("m.py", name, 1, 2, "automatic", depends=tuple(f"m.py::{other}" for other in needs), minutes=5)
        for name, needs in depends.items()
    ]


def names(steps):
    return [[name.partition("::")[2] for name in step.classes] for step in steps]


def test_leaves_come_first():
    assert names(order.steps(entries(Top=["Middle"], Middle=["Leaf"], Leaf=[]))) == [["Leaf"], ["Middle"], ["Top"]]


def test_a_cycle_is_one_step_with_all_of_its_minutes():
    (leaf, cycle, top) = order.steps(entries(A=["B", "Leaf"], B=["A"], Leaf=[], Top=["A"]))
    assert names([leaf, cycle, top]) == [["Leaf"], ["A", "B"], ["Top"]]
    assert cycle.cycle and not top.cycle and cycle.minutes == 10
    assert cycle.bridge == ("m.py::Top",) and leaf.bridge == ("m.py::A",)


def test_what_is_done_is_no_step_and_is_wrapped_by_nobody():
    classes = entries(Top=["Leaf"], Leaf=[])
    done = [*classes[:1], ClassEntry("m.py", "Leaf", 1, 2, "nnx")]
    assert names(order.steps(done)) == [["Top"]]


def test_every_step_finds_what_it_needs(project):
    report = build([Path("app")])
    done = {entry.id for entry in report.classes if entry.state == "nnx"}
    by_id = {entry.id: entry for entry in report.classes}
    for step in report.steps:
        assert all(set(by_id[name].depends) <= done | set(step.classes) for name in step.classes)
        done |= set(step.classes)
    assert done == set(by_id)


def test_the_harder_state_never_costs_less():
    costs = [effort.of_class(state, 1, 40) for state in STATES]
    assert costs == sorted(costs) and costs[0] == 0
