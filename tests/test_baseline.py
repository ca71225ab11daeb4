"""`check --baseline`: known findings stay quiet wherever their lines move to; new ones and traps fail."""
import json
import os
import subprocess
import sys

import pytest

LINEN = '''import flax.linen as nn


class MLP(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x)
'''
TRAP = '''import jax
from flax import nnx


@jax.jit
def step(model: nnx.Module, optimizer: nnx.Optimizer, grads):
    optimizer.update(model, grads)
'''


@pytest.fixture
def project(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "mlp.py").write_text(LINEN)
    (tmp_path / "steps.py").write_text(TRAP)
    assert check(tmp_path, ".", "--write-baseline", "known.json").returncode == 0
    return tmp_path


def check(folder, *arguments):
    command = [sys.executable, "-m", "flake8_nnx", "check", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"})


def test_known_findings_are_quiet_and_traps_are_not(project):
    found = check(project, ".", "--baseline", "known.json")
    assert found.returncode == 1
    assert "NNX1" not in found.stdout and "NNX801" in found.stdout
    assert "known findings" in found.stderr
    assert check(project, "src", "--baseline", "known.json").returncode == 0


def test_lines_may_move(project):
    moved = "# a new first line\n\n" + LINEN.replace("        return", "        # why\n        return  ")
    (project / "src" / "mlp.py").write_text(moved)
    found = check(project, "src", "--baseline", "known.json")
    assert found.returncode == 0 and found.stdout == ""


def test_the_directory_it_is_used_from_does_not_matter(project):
    found = check(project / "src", "mlp.py", "--baseline", "../known.json")
    assert found.returncode == 0 and found.stdout == ""


def test_new_code_fails(project):
    (project / "src" / "new.py").write_text(LINEN)
    longer = LINEN.replace("        return nn.Dense(3)(x)", "        x = nn.Dense(3)(x)\n        return x")
    (project / "src" / "mlp.py").write_text(longer)
    found = check(project, "src", "--baseline", "known.json")
    places = {line.split(":")[0].replace(os.sep, "/") for line in found.stdout.splitlines()}
    assert found.returncode == 1 and places == {"src/new.py", "src/mlp.py"}
    assert "1 findings of known.json are gone" in found.stderr


def test_as_many_as_there_were(project):
    (project / "src" / "mlp.py").write_text(LINEN + "\n\n" + LINEN.split("\n\n\n")[1].replace("MLP", "Other"))
    found = check(project, "src", "--baseline", "known.json")
    assert found.returncode == 1 and found.stdout.count("NNX101") == 1


@pytest.mark.parametrize(
    "options, code, shown",
    [
        (["--fail-on", "new"], 1, 1),
        (["--fail-on", "any"], 1, 4),
        (["--fail-on", "never"], 0, 4),
    ],
)
def test_fail_on(project, options, code, shown):
    found = check(project, ".", "--baseline", "known.json", *options)
    assert found.returncode == code and len(found.stdout.splitlines()) == shown, found.stdout


def test_without_a_baseline_everything_is_new(project):
    assert check(project, "src").returncode == 1
    assert check(project, "src", "--fail-on", "never").returncode == 0


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 9, "findings": []}', '{"version": 1, "findings": [{}]}'])
def test_a_bad_baseline_is_one_line(project, text):
    (project / "bad.json").write_text(text)
    found = check(project, "src", "--baseline", "bad.json")
    assert found.returncode == 2 and found.stdout == ""
    assert len(found.stderr.splitlines()) == 1 and "bad.json" in found.stderr


def test_a_missing_baseline_is_one_line(project):
    found = check(project, "src", "--baseline", "none.json")
    assert found.returncode == 2 and "--write-baseline" in found.stderr


def test_the_file_is_sorted_and_has_no_traps(project):
    rows = json.loads((project / "known.json").read_text())["findings"]
    assert rows == sorted(rows, key=lambda row: (row["path"], row["code"], row["line"]))
    assert {row["path"] for row in rows} == {"src/mlp.py"}
