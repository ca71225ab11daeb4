"""Cases without effort: configured in pyproject.toml, from a file, recorded or synthesised; malformed ones are named."""
from pathlib import Path

import pytest

from flake8_nnx.case import Case
from flake8_nnx.verify.origins import configured_cases, job_cases

pytestmark = pytest.mark.jax

TABLE = """
[[tool.flake8_nnx.case]]
target = "models.py::MLP"
init = "MLP(features=3)"
args = ["f32[b,4]"]
kwargs = {train = false}
train_kwargs = {train = true}
rngs = ["dropout"]
"""


def config(folder: Path, text: str) -> Path:
    (folder / "pyproject.toml").write_text(text)
    return folder / "models.py"


def test_a_table_is_a_case(tmp_path):
    (case,) = configured_cases(config(tmp_path, TABLE))
    assert case == Case(
        "models.py::MLP",
        init="MLP(features=3)",
        args=("f32[b,4]",),
        kwargs={"train": False},
        train_kwargs={"train": True},
        rngs=("dropout",),
        origin="configured in pyproject.toml",
    )


def test_the_nearest_file_counts(tmp_path):
    config(tmp_path, TABLE)
    (tmp_path / "package").mkdir()
    assert configured_cases(tmp_path / "package" / "models.py")
    assert configured_cases(config(tmp_path / "package", "")) == []


def test_where_the_cases_of_a_job_come_from(tmp_path):
    path = config(tmp_path, TABLE)
    found = job_cases(path, "MLP", tmp_path / "cases.py")
    assert found["cases_file"] == str(tmp_path / "cases.py") and len(found["cases"]) == 1 and found["synthesise"]
    assert set(job_cases(path, "Other")) == {"synthesise"}
    (tmp_path / ".flake8_nnx").mkdir()
    (tmp_path / ".flake8_nnx" / "cases.sqlite").write_bytes(b"")
    assert job_cases(path, "Other")["recorded"] == str(tmp_path / ".flake8_nnx" / "cases.sqlite")


@pytest.mark.parametrize(
    "text, words",
    [
        ("[tool", "pyproject.toml: "),
        ("[tool.flake8_nnx.case]\ntarget = 'x.py::X'", "two brackets"),
        ("[[tool.flake8_nnx.case]]\ninit = 'X()'", "case 1 has no target"),
        (TABLE + "\n[[tool.flake8_nnx.case]]\ntarget = 'x.py::X'\narguments = []", "case 2 has an unknown field arguments"),
        ("[[tool.flake8_nnx.case]]\ntarget = 'x.py::X'\nargs = 'f32[2]'", "args is a str, not a list"),
    ],
)
def test_malformed_configurations_say_where(tmp_path, text, words):
    with pytest.raises(ValueError, match=r"pyproject\.toml") as error:
        configured_cases(config(tmp_path, text))
    assert words in str(error.value)
