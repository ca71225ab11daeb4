"""The pytest plugin in a suite of its own: what is equal passes, what is not fails with words to act on."""
import subprocess
import sys

import pytest
from mlp import LINEN, NNX

pytestmark = pytest.mark.jax

GOOD = NNX.format(before="pass")
WRONG = GOOD.replace("self.dense_0(x)", "self.dense_0(x) * 2")
CASE = """
[[tool.flake8_nnx.case]]
target = "old.py::MLP"
new = "{new}.py::MLP"
init = "MLP(features=3)"
args = ["f32[b,4]"]
"""
TESTS = """
import pytest

def test_good(assert_equivalent):
    verdict = assert_equivalent("old.py::MLP", "good.py::MLP", init="MLP(features=3)", args=("f32[2,4]",))
    assert verdict.status == "PROVED"

def test_wrong(assert_equivalent):
    assert_equivalent("old.py::MLP", "wrong.py::MLP", init="MLP(features=3)", args=("f32[2,4]",))

def test_misused(assert_equivalent):
    from flake8_nnx.verify import Case
    with pytest.raises(TypeError, match="not both: init"):
        assert_equivalent("old.py::MLP", "good.py::MLP", Case("old.py::MLP"), init="MLP(3)")
"""


@pytest.fixture
def suite(tmp_path):
    """A project with one good and one wrong migration; runs pytest in it."""
    for name, text in (("old", LINEN), ("good", GOOD), ("wrong", WRONG), ("test_models", TESTS)):
        (tmp_path / f"{name}.py").write_text(text)

    def run(*options, configured=""):
        (tmp_path / "pyproject.toml").write_text(configured)
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--no-header", *options]
        found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        return found.returncode, found.stdout + found.stderr

    return run


def test_the_fixture(suite):
    code, text = suite()
    assert code == 1 and "1 failed, 2 passed" in text, text
    assert "DIFFERS: wrong.py::MLP against old.py::MLP" in text and "eval outputs on cpu" in text
    assert "flake8-nnx verify old.py::MLP wrong.py::MLP" in text and "params/Dense_0/kernel -> dense_0/kernel" in text
    assert "Traceback" not in text


def test_configured_pairs_are_tests_on_request(suite):
    configured = CASE.format(new="good") + CASE.format(new="wrong") + '[[tool.flake8_nnx.case]]\ntarget = "old.py::Else"\n'
    code, text = suite("-k", "nothing", configured=configured)
    assert "3 deselected" in text
    code, text = suite("--nnx-verify", "-k", "old", configured=configured)
    assert code == 1 and "1 failed, 1 passed, 3 deselected" in text, text
    assert "old.py::MLP == wrong.py::MLP" in text and "DIFFERS" in text


def test_a_malformed_case_is_a_usage_error(suite):
    code, text = suite("--nnx-verify", configured="[[tool.flake8_nnx.case]]\ninit = 'X()'\n")
    assert code == 4 and "case 1 has no target" in text
    assert suite("-k", "misused", configured="[[tool.flake8_nnx.case]]\ninit = 'X()'\n")[0] == 0
