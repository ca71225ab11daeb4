"""User code in the worker: whatever it does, the others get their verdicts and the killer one clear line."""
import json
import os
import time
from pathlib import Path

import pytest
from mlp import LINEN, NNX

from flake8_nnx.verify import Case, verify, verify_files

pytestmark = pytest.mark.jax

CASE = Case("old.py:MLP", init="MLP(features=3)", args=("f32[2,4]",)).to_json()
DEATHS = {
    "segfault": ("import ctypes; ctypes.string_at(0)", "segmentation fault"),
    "exit": ("import os; os._exit(3)", "exit code 3"),
    "loop": ("while True: pass", "took longer than 8 s"),
    "memory": ("import numpy; kept = [numpy.ones(2**24) for _ in range(100)]", "used more than 1500 MiB"),
    "flood": ("import sys\n        while True: sys.stdout.write('x' * 2**20)", "wrote more than 64 MiB"),
    "abort": ("import os; os.abort()", "abort"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("user")
    (path / "old.py").write_text(LINEN)
    return path


def job(folder, source, name="new.py"):
    (folder / name).write_text(source)
    return {
        "old": {"path": str(folder / "old.py"), "class": "MLP"},
        "new": {"path": str(folder / name), "class": "MLP"},
        "case": CASE,
        "variable_map": None,
    }


def test_deaths_cost_one_line_each(folder):
    jobs = [job(folder, NNX.format(before=code), f"{name}.py") for name, (code, _) in DEATHS.items()]
    good = job(folder, NNX.format(before="pass"), "good.py")
    verdicts = verify_files([good, *jobs, good], timeout=8, memory_mb=1500)
    assert verdicts[0].status == verdicts[-1].status == "PROVED"
    for verdict, (name, (_, words)) in zip(verdicts[1:-1], DEATHS.items()):
        assert verdict.status == "UNVERIFIED" and words in verdict.reason, (name, verdict)
        assert "\n" not in verdict.reason


@pytest.mark.parametrize(
    "source, words",
    [
        ("class MLP(:\n", "SyntaxError"),
        ("import no_such_library\n", "no_such_library"),
        ("x = 1\n", "has no class MLP"),
        ("raise SystemExit(4)\n", "SystemExit"),
        (NNX.format(before="raise ValueError('not today')"), "not today"),
        (NNX.format(before="print('{\"done\": 0, \"verdict\": null}')"), None),
        (NNX.replace("in_features: int", "width: int").replace("(in_features,", "(width,").format(before="pass"), "`width`"),
    ],
)
def test_broken_files_are_named(folder, source, words):
    verdict = verify_files([job(folder, source, "broken.py")], timeout=60)[0]
    if words is None:  # printing, even of what looks like a result, does no harm
        assert verdict.status == "PROVED"
    else:
        assert verdict.status == "UNVERIFIED" and words in verdict.reason, verdict
        assert "broken.py" in verdict.reason or "new_init" in verdict.reason


def test_secrets_stay_outside(folder, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "hush")
    before = "import os; assert 'SECRET_TOKEN' not in os.environ and os.environ['HOME'] == os.getcwd()"
    assert verify_files([job(folder, NNX.format(before=before), "secret.py")])[0].status == "PROVED"


def test_children_die_with_the_worker(folder):
    marker = folder / "alive"
    before = (
        "import subprocess, sys, os; subprocess.Popen([sys.executable, '-c', "
        f"\"import time; time.sleep(6); open({str(marker)!r}, 'w')\"]); os._exit(1)"
    )
    assert verify_files([job(folder, NNX.format(before=before), "parent.py")])[0].status == "UNVERIFIED"
    time.sleep(7)
    assert not marker.exists()


def test_packages_and_text_that_is_not_written_yet(tmp_path):
    package = tmp_path / "pkg"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "sizes.py").write_text("WIDTH = 3\n")
    old = LINEN.replace("import flax", "from .sizes import WIDTH\nimport flax").replace("Dense(self.features)", "Dense(WIDTH)")
    (package / "nnx.py").write_text(old)  # a file named as the library is no obstacle
    new = "from .sizes import WIDTH\n" + NNX.format(before="pass").replace("features, rngs=rngs", "WIDTH, rngs=rngs")
    place = {"path": str(package / "nnx.py"), "class": "MLP"}
    found = {"old": place, "new": {**place, "source": new}, "case": {**CASE, "target": "pkg/nnx.py:MLP"}, "variable_map": None}
    assert verify_files([found])[0].status == "PROVED"
    wrong = {**found, "new": {**place, "source": new.replace("self.dense_0(x)", "self.dense_0(x) * 2")}}
    assert verify_files([wrong])[0].status == "DIFFERS"
    assert (package / "nnx.py").read_text() == old


def test_imports_that_run_in_a_circle_from_one_end_only(tmp_path):
    tools = tmp_path / "circle" / "tools"
    tools.mkdir(parents=True)
    old = "from ..core import SCALE\n" + LINEN
    files = {
        "__init__.py": "",
        "core.py": "SCALE = 1\nfrom . import algorithms\n",
        "algorithms.py": "from .tools import SIZE\n",  # fails where the tools are imported first
        "tools/__init__.py": "from .net import MLP\nfrom .rest import SIZE\n",
        "tools/rest.py": "SIZE = 3\n",
        "tools/net.py": old,
    }
    for name, text in files.items():
        (tmp_path / "circle" / name).write_text(text)
    place = {"path": str(tools / "net.py"), "class": "MLP"}
    new = {"source": "from ..core import SCALE\n" + NNX.format(before="pass"), "others": {str(tools / "rest.py"): "SIZE = 4\n"}}
    found = {"old": place, "new": {**place, **new}, "case": {**CASE, "target": "net.py:MLP"}, "variable_map": None}
    assert [(v.status, v.reason) for v in verify_files([found, found]) if v.status != "PROVED"] == []
    (tmp_path / "circle" / "core.py").write_text("from .tools.net import MLP\nSCALE = 1\n")  # from either end
    (verdict,) = verify_files([found])
    assert verdict.status == "UNVERIFIED" and "partially initialized module" in verdict.reason


def test_cases_files(folder, tmp_path):
    cases = tmp_path / "cases.py"
    one = {**job(folder, NNX.format(before="pass"), "good.py"), "cases_file": str(cases)}
    del one["case"]
    cases.write_text(
        "from flake8_nnx.verify import Case\n"
        f"CASES = [Case({str(folder / 'old.py')!r} + ':MLP', init='MLP(3)', args=('f32[2,4]',)), Case('other.py:MLP')]\n"
    )
    assert verify_files([one])[0].status == "PROVED"
    for text, words in (("CASES = 3", "no list CASES"), ("CASES = [3]", "CASES[0]"), ("1 / 0", "ZeroDivisionError")):
        cases.write_text(text)
        verdict = verify_files([one])[0]
        assert verdict.status == "UNVERIFIED" and words in verdict.reason
    cases.write_text("CASES = []")
    assert verify_files([one]) == [None]


def test_targets_run_in_a_subprocess(folder):
    job(folder, NNX.format(before="pass"), "good.py")
    case = Case("old.py:MLP", init="MLP(3)", args=("f32[2,4]",))
    verdict = verify(f"{folder}/old.py::MLP", f"{folder}/good.py::MLP", case)
    assert verdict.status == "PROVED" and json.dumps(verdict.to_json())
    assert Path(os.getcwd()).exists()
