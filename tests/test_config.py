"""Options in `pyproject.toml`: they are defaults, files are beside it, and what is no option is refused in one line."""
import subprocess
import sys

import pytest

LINEN = """import flax.linen as nn


class MLP(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x)
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "mlp.py").write_text(LINEN)

    def run(*arguments, toml, folder="."):
        (tmp_path / "pyproject.toml").write_text(toml)
        return subprocess.run(
            [sys.executable, "-m", "flake8_nnx", *arguments], cwd=tmp_path / folder, capture_output=True, text=True, timeout=60
        )

    return run


def codes(run):
    return {line.split()[1] for line in run.stdout.splitlines()}


def test_options_are_defaults(project):
    toml = '[tool.flake8_nnx.check]\nselect = ["NNX101"]\n'
    assert codes(project("check", "src", toml=toml)) == {"NNX101"}
    assert codes(project("check", "src", "--select", "NNX103", toml=toml)) == {"NNX103"}
    assert len(codes(project("--isolated", "check", "src", toml=toml))) > 2
    assert codes(project("check", "src", toml=toml.replace('["NNX101"]', '"NNX101,NNX103"'))) == {"NNX101", "NNX103"}


@pytest.mark.parametrize("folder, path", [(".", "src"), ("src", "mlp.py")])
def test_files_are_those_beside_it(project, folder, path):
    toml = '[tool.flake8_nnx.check]\nbaseline = "known.json"\n'
    assert project("check", "src", "--write-baseline", "known.json", toml="").returncode == 0
    found = project("check", path, toml=toml, folder=folder)
    assert (found.returncode, found.stdout) == (0, "")


def test_names_with_dashes_and_underscores(project):
    for key in ("fail-on", "fail_on"):
        assert project("check", "src", toml=f'[tool.flake8_nnx.check]\n{key} = "never"\n').returncode == 0


def test_cases_are_the_verifiers(project):
    toml = '[[tool.flake8_nnx.case]]\ntarget = "src/mlp.py::MLP"\n'
    assert project("check", "src", toml=toml).returncode == 1


@pytest.mark.parametrize("toml, words", [
    ('[tool.flake8_nnx.check]\nselct = "NNX1"\n', ["selct", "select", "tool.flake8_nnx.check"]),
    ('[tool.flake8_nnx.chekc]\nselect = "NNX1"\n', ["chekc", "check, "]),
    ('[tool.flake8_nnx]\nselect = "NNX1"\n', ["tool.flake8_nnx.select"]),
    ('[tool.flake8_nnx.check]\npaths = ["src"]\n', ["paths"]),
    ("[tool.flake8_nnx.check\n", ["line 1"]),
])  # fmt: skip
def test_what_is_no_option_is_one_line(project, toml, words):
    found = project("check", "src", toml=toml)
    assert found.returncode == 2 and found.stdout == ""
    (line,) = found.stderr.splitlines()
    assert "pyproject.toml" in line and all(word in line for word in words)


def test_a_wrong_value_is_a_usage_error(project):
    found = project("check", "src", toml='[tool.flake8_nnx.check]\nfail-on = "sometimes"\n')
    assert found.returncode == 2 and "sometimes" in found.stderr and "Traceback" not in found.stderr


def test_other_tools_tables_do_not_matter(project):
    assert project("check", "src", toml="[tool.other]\nselct = 1\n").returncode == 1
