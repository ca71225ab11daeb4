"""Findings across files, in flake8 as well, and remembered only for as long as nothing they rest on has changed."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flake8_nnx import remembered
from flake8_nnx.cli.linting import lint_project
from flake8_nnx.remembered import Remembered
from flake8_nnx.source import project as project_module
from flake8_nnx.source.project import Project

MODELS = "import flax.linen as nn\n\n\nclass Base(nn.Module):\n    pass\n"
# No word of flax: what `Base` is, only the other file knows.
USER = """import jax
from models import Base


class Net(Base):
    def setup(self):
        self.w = self.param("w", jax.numpy.zeros, (3,))
"""
TRAIN = "import jax\nfrom user import Net\n\nmodel = Net()\nvariables = model.init(jax.random.key(0))\n"
PLAIN = "import jax\nfrom other import Base\n\n\nclass Net(Base):\n    def setup(self):\n        self.w = self.param('w', 3)\n"


@pytest.fixture
def project(tmp_path):
    top = tmp_path / "project"
    top.mkdir()
    for name, text in {"models": MODELS, "user": USER, "train": TRAIN, "plain": PLAIN, "other": "Base = object\n"}.items():
        (top / f"{name}.py").write_text(text)
    (top / "setup.cfg").write_text("")
    return top


@pytest.fixture
def fresh():
    """Another process: what this one has read of files is forgotten."""

    def forget():
        of_files = (project_module.text_on_disk, project_module.names_on_disk, project_module.outlined_on_disk)
        for cache in (remembered._found_at, remembered._of_file, remembered._search_path, remembered.made_by, *of_files):
            cache.cache_clear()

    forget()
    yield forget
    forget()


def flake8(folder, *arguments, cache="off", text=None):
    run = subprocess.run(
        [sys.executable, "-m", "flake8", "--select", "NNX", *arguments],
        cwd=folder, capture_output=True, text=True, input=text, timeout=60,
        env={**os.environ, "FLAKE8_NNX_CACHE": str(cache)},
    )  # fmt: skip
    assert run.stderr == ""
    return {(line.split(":")[0].removeprefix("./"), line.split()[1]) for line in run.stdout.splitlines()}


def test_flake8_follows_imports(project):
    found = flake8(project, "user.py", "train.py")
    assert {("user.py", "NNX201"), ("user.py", "NNX102")} <= found
    assert any(name == "train.py" for name, _ in found)
    assert flake8(project, "plain.py", "other.py") == set()


def test_not_when_told_to_look_at_one_file(project):
    assert flake8(project, "user.py", "--nnx-one-file") == set()
    (project / "setup.cfg").write_text("[flake8]\nnnx-one-file = true\n")
    assert flake8(project, "user.py") == set()


def test_standard_input_is_where_its_name_says(project):
    assert ("user.py", "NNX102") in flake8(project, "--stdin-display-name", "user.py", "-", text=USER)
    assert flake8(project, "-", text=USER) == set()


def test_what_is_imported_is_not_executed(project):
    (project / "models.py").write_text(MODELS + "raise SystemExit('executed')\n")
    assert ("user.py", "NNX102") in flake8(project, "user.py")


@pytest.mark.parametrize("broken", ["class Base(nn.Module", "\0", "x = 'é'"])
def test_an_import_that_cannot_be_read_is_unknown(project, broken):
    (project / "models.py").write_bytes(broken.encode("latin-1"))
    assert flake8(project, "user.py") == set()


def test_too_many_imports_are_not_followed(project):
    for number in range(200):
        (project / f"m{number}.py").write_text(f"import flax\nfrom m{number + 1} import Base\n")
    (project / "m200.py").write_text(MODELS)
    user = USER.replace("from models", "from m0")
    (project / "user.py").write_text(user)
    assert ("user.py", "NNX102") not in flake8(project, "user.py")
    (project / "user.py").write_text(user.replace("from m0", "from m150"))
    assert ("user.py", "NNX102") in flake8(project, "user.py")


def test_a_second_run_parses_nothing(project, tmp_path, monkeypatch, fresh):
    cache = str(tmp_path / "cache")
    first = [(file.path.name, found) for file, found in lint_project(Project([project]), cache=cache)]
    fresh()

    def parse(*arguments):
        raise AssertionError("parsed")

    monkeypatch.setattr("flake8_nnx.source.project.parse", parse)
    assert first and [(file.path.name, found) for file, found in lint_project(Project([project]), cache=cache)] == first


def user_codes(project, cache):
    """The findings in `user.py`, which all rest on `models.py`."""
    return [found.code for file, found in lint_project(Project([project]), cache=cache) if file.path.name == "user.py"]


def rename_base(project):
    (project / "models.py").write_text(MODELS.replace("nn.Module", "object"))


def shadow_with_a_package(project):
    (project / "models").mkdir()
    (project / "models" / "__init__.py").write_text("Base = object\n")


def remove(project):
    (project / "models.py").unlink()


@pytest.mark.parametrize("change", [rename_base, shadow_with_a_package, remove])
def test_a_change_of_what_is_imported_counts(project, tmp_path, fresh, change):
    cache = str(tmp_path / "cache")
    assert user_codes(project, cache)
    fresh()
    change(project)
    assert user_codes(project, cache) == []
    fresh()
    assert user_codes(project, cache) == []


def test_a_module_that_appears_counts(project, tmp_path, fresh):
    cache = str(tmp_path / "cache")
    (project / "models.py").rename(project / "gone.py")
    assert user_codes(project, cache) == []
    fresh()
    (project / "gone.py").rename(project / "models.py")
    assert user_codes(project, cache)


def test_a_change_of_the_file_counts(project, tmp_path, fresh):
    cache = str(tmp_path / "cache")
    assert "NNX201" in user_codes(project, cache)
    fresh()
    (project / "user.py").write_text(USER.replace('self.param("w", jax.numpy.zeros, (3,))', "jax.numpy.zeros(3)"))
    assert "NNX201" not in user_codes(project, cache)


def test_a_change_of_the_linter_counts(project, tmp_path, fresh, monkeypatch):
    cache = Remembered(tmp_path / "cache")
    (file,) = Project([project / "user.py"]).files
    cache.put(file, [])
    assert cache.get(file) == []
    fresh()
    monkeypatch.setattr(remembered, "__version__", "99")
    assert cache.get(file) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"text": 1}', "null", "\0"])
def test_a_damaged_cache_is_no_cache(project, tmp_path, fresh, content):
    cache = str(tmp_path / "cache")
    first = user_codes(project, cache)
    for place in (tmp_path / "cache").rglob("*.json"):
        place.write_text(content)
    fresh()
    assert user_codes(project, cache) == first


def test_a_folder_that_cannot_be_written_is_no_cache(project, tmp_path, fresh):
    (tmp_path / "cache").write_text("a file")
    assert user_codes(project, str(tmp_path / "cache"))


def test_flake8_remembers_and_forgets(project, tmp_path):
    cache = tmp_path / "cache"
    first = flake8(project, "user.py", cache=cache)
    records = list(cache.rglob("*.json"))
    assert first and len(records) == 1
    record = json.loads(records[0].read_text())
    records[0].write_text(json.dumps({**record, "findings": []}))  # to see that it is used
    assert flake8(project, "user.py", cache=cache) == set()
    (project / "models.py").write_text(MODELS + "\n")
    assert flake8(project, "user.py", cache=cache) == first


def test_where_it_is(monkeypatch, tmp_path):
    monkeypatch.delenv("FLAKE8_NNX_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert Remembered.at().folder == tmp_path / "flake8-nnx" and Remembered.at("here").folder == Path("here")
    assert Remembered.at("off") is None
    monkeypatch.setenv("FLAKE8_NNX_CACHE", "off")
    assert Remembered.at() is None
