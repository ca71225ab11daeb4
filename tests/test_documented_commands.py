"""Every command that the README and the documentation show is run, on a project that has the files they speak of."""
import re
import shlex
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
MODEL = '''import flax.linen as nn


class {name}(nn.Module):
    features: int = 8

    @nn.compact
    def __call__(self, x):
        return nn.relu(nn.Dense(self.features)(x))
'''
NEW = '''from flax import nnx


class MLP(nnx.Module):
    def __init__(self, in_features: int, features: int = 8, *, rngs: nnx.Rngs):
        self.dense = nnx.Linear(in_features, features, rngs=rngs)

    def __call__(self, x):
        return nnx.relu(self.dense(x))
'''
CASES = '''from flake8_nnx.verify import Case

CASES = [Case("{path}::{name}", init="{name}(features=4)", args=("f32[2,16]",))]
'''
ENCODERS = '''

class Encoder(nn.Module):
    vocab: int

    @nn.compact
    def __call__(self, tokens):
        return nn.Embed(self.vocab, 4)(tokens)
''', '''

class Encoder(nnx.Module):
    def __init__(self, vocab: int, *, rngs: nnx.Rngs):
        self.embed = nnx.Embed(vocab, 4, rngs=rngs)

    def __call__(self, tokens):
        return self.embed(tokens)
'''
TRAIN = '''import jax
import jax.numpy as jnp
from models import Classifier

model, x = Classifier(), jnp.ones((2, 16))
print(jax.jit(model.apply)(model.init(jax.random.key(0), x), x).shape)
'''  # fmt: skip
# Set-up is what `.ci/run` does, on a fresh machine; running the tests inside of a test would not end, benchmarks and
# fuzzing take minutes.
SET_UP = re.compile(r"pip install|-m pytest|-m mypy|benchmarks/|tests/fuzz")


def commands():
    """Page and command of every line of every shell block; a line that ends with a backslash goes on."""
    for page in PAGES:
        for block in BLOCK.findall(page.read_text(encoding="utf-8")):
            for line in block.replace("\\\n", " ").splitlines():
                if line.strip() and not line.startswith("#"):
                    yield page.name, re.sub(r"\s{2,}#.*", "", line)


SHOWN = list(dict.fromkeys(commands()))
RUN = [(page, line) for page, line in SHOWN if not SET_UP.search(line)]


@pytest.fixture
def project(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "pyproject.toml").write_text("")
    classifier = MODEL.format(name="Classifier")
    for name in ("models.py", "src/models.py"):
        (tmp_path / name).write_text(classifier)
    (tmp_path / "old.py").write_text(MODEL.format(name="MLP") + ENCODERS[0])
    (tmp_path / "new.py").write_text(NEW + ENCODERS[1])
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "notebook.ipynb").write_text(
        nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(classifier)])))
    return tmp_path


def run(line, folder):
    """The line in a shell whose PATH starts with the tools of this interpreter."""
    path = f"PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH"
    return subprocess.run(["bash", "-c", f"{path}; {line}"], cwd=folder, capture_output=True, text=True, timeout=300)


@pytest.mark.jax
@pytest.mark.parametrize("page, line", RUN, ids=[f"{page}: {line[:60]}" for page, line in RUN])
def test_it_runs(project, page, line):
    target = "src/models.py" if "src" in line else "models.py"
    (project / "cases.py").write_text(CASES.format(path=target, name="Classifier"))
    for needed in ("nnx-baseline.json", "before.json"):
        if needed in line and "--write-baseline" not in line:
            make = f"check src --write-baseline {needed}" if "baseline" in needed else f"report src --quiet --json {needed}"
            assert run(f"flake8-nnx {make}", project).returncode == 0
    if "…" in line or "[--" in line:
        pytest.fail(f"{page} shows a command that cannot be run as it stands: {line}")
    found = run(line, project)
    assert found.returncode in (0, 1), f"{line}\n{found.stdout}{found.stderr}"
    assert "Traceback" not in found.stderr and "no such" not in found.stderr.lower(), found.stderr
    written = re.findall(r"--(?:html|json|markdown|sarif|log|write-baseline) ([\w.-]+\w)", line)
    assert all((project / name).stat().st_size for name in written)
    if "verify " in line or "--verify" in line:
        assert re.search("PROVED|proved equal", found.stdout + found.stderr), found.stdout + found.stderr


def test_commands_are_found():
    assert len(RUN) >= 15 and {page for page, _ in RUN} >= {"README.md", "ci.md", "editors.md", "report.md", "verify.md"}


def test_set_up_is_what_ci_runs():
    command = re.search(r"sed -n '(.*)' README.md", (ROOT / ".ci" / "run").read_text())
    assert command is not None
    tests = [line for page, line in SHOWN if page == "README.md" and line.endswith("-m pytest")]
    assert len(tests) == 1 and tests[0].startswith("python3 -m venv ")
