"""The plugin inside the tools that people run it with: python-lsp-server, nbqa, pre-commit, and flake8 on standard input."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).parent.parent
LINEN = """import flax.linen as nn


class MLP(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x)
"""
QUIET = "import optax\n\noptimizer = optax.adam(1e-3)\n"
HALFWAY = LINEN + "\n\nclass Half(nn.Module\n"


def git(folder, *arguments):
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    return subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


class Server:
    """python-lsp-server on pipes, with only its flake8 plugin on."""

    def __init__(self, folder):
        self.process = subprocess.Popen([sys.executable, "-m", "pylsp"], cwd=folder, stdin=-1, stdout=-1, stderr=-3)
        self.send("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": {}}, 1)
        while self.receive().get("id") != 1:
            pass
        self.send("initialized", {})
        off = {name: {"enabled": False} for name in ("pycodestyle", "pyflakes", "mccabe")}
        flake8 = {"enabled": True, "executable": str(Path(sys.executable).with_name("flake8"))}
        self.send("workspace/didChangeConfiguration", {"settings": {"pylsp": {"plugins": {**off, "flake8": flake8}}}})

    def send(self, method, params, number=None):
        message = {"jsonrpc": "2.0", "method": method, "params": params, **({} if number is None else {"id": number})}
        body = json.dumps(message).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def receive(self):
        length = 0
        while (line := self.process.stdout.readline().strip()) or not length:
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return json.loads(self.process.stdout.read(length))

    def diagnostics(self, uri, text):
        """What the editor is told after a document is opened with this text."""
        self.send("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "python", "version": 1, "text": text}})
        while True:
            message = self.receive()
            if message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == uri:
                return [(d["code"], d["range"]["start"]["line"], d["message"]) for d in message["params"]["diagnostics"]]

    def stop(self):
        self.send("shutdown", None, 2)
        self.send("exit", None)
        self.process.communicate(timeout=30)


def test_python_lsp_server(tmp_path):
    (tmp_path / "setup.cfg").write_text("[flake8]\nextend-ignore = E3,W\n")
    server = Server(tmp_path)
    try:
        linen = server.diagnostics((tmp_path / "mlp.py").as_uri(), LINEN)
        assert ("NNX103", 3) in [found[:2] for found in linen] and any("nnx.Linear" in text for _, _, text in linen)
        assert {code[:3] for code, _, _ in linen} == {"NNX"}
        assert server.diagnostics((tmp_path / "plain.py").as_uri(), QUIET) == []
        halfway = server.diagnostics((tmp_path / "half.py").as_uri(), HALFWAY)
        assert {code for code, _, _ in halfway} == {"E999"}
        assert server.diagnostics((tmp_path / "again.py").as_uri(), LINEN)  # and it goes on
    finally:
        server.stop()


@pytest.mark.parametrize("text, expected", [(LINEN, {"NNX101", "NNX103", "NNX110"}), (QUIET, set()), (HALFWAY, {"E999"})])
def test_standard_input(text, expected):
    run = subprocess.run(
        [sys.executable, "-m", "flake8", "--isolated", "--select", "NNX,E9", "--stdin-display-name", "src/models.py", "-"],
        input=text, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert run.stderr == "" and {line.split()[1] for line in run.stdout.splitlines()} == expected
    assert all(line.startswith("src/models.py:") for line in run.stdout.splitlines())


def test_notebooks(tmp_path):
    def notebook(name, *cells):
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        nbformat.write(made, tmp_path / name)

    first, rest = LINEN.split("\n\n\n")
    notebook("linen.ipynb", "%matplotlib inline", first, rest)
    notebook("quiet.ipynb", "%matplotlib inline", QUIET)
    notebook("half.ipynb", first, rest, "class Half(nn.Module")
    command = [sys.executable, "-m", "nbqa", "flake8", ".", "--isolated", "--select", "NNX,E9"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert run.returncode == 1
    lines = run.stdout.splitlines()
    assert any(line.startswith("linen.ipynb:cell_3:1:") and "NNX103" in line for line in lines)
    # nbqa leaves out cells that do not parse; the others are linted.
    assert any(line.startswith("half.ipynb:cell_2:1:") and "NNX103" in line for line in lines), lines
    assert [line for line in lines if "quiet" in line] == []


@pytest.fixture(scope="module")
def hooks(tmp_path_factory):
    """Runs the hooks of `.pre-commit-hooks.yaml`, installed by pre-commit from a clone of this checkout."""
    folder = tmp_path_factory.mktemp("pre-commit")
    copy, project = folder / "flake8-nnx", folder / "project"
    # What git knows and what it would add: the state that is tested, committed or not.
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "flake8_nnx", "*.toml", "*.md", "*.cfg", ".pre*")
    for name in listed.splitlines():
        if (ROOT / name).is_file() and not name.startswith(("docs/", "examples/", "tests/")):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    (project / "src").mkdir(parents=True)
    for repository in (copy, project):
        git(repository, "init", "-q")
    git(copy, "add", "-A")
    git(copy, "commit", "-qm", "hooks")
    ids = [hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())]
    config = {"repos": [{"repo": str(copy), "rev": git(copy, "rev-parse", "HEAD").strip(), "hooks": [{"id": i} for i in ids]}]}
    (project / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    environment = {**os.environ, "PRE_COMMIT_HOME": str(folder / "home")}

    def run(hook, stage="pre-commit", **files):
        for path in (project / "src").iterdir():
            path.unlink()
        for name, text in files.items():
            (project / "src" / f"{name}.py").write_text(text)
        git(project, "add", "-A")
        command = [sys.executable, "-m", "pre_commit", "run", hook, "--all-files", "--hook-stage", stage, "--verbose"]
        return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=600)

    return run


@pytest.mark.long
def test_hook_lint(hooks):
    found = hooks("flake8-nnx", mlp=LINEN, plain=QUIET)
    assert found.returncode == 1 and "src/mlp.py:4" in found.stdout and "NNX103" in found.stdout, found.stdout
    assert "plain.py" not in found.stdout
    assert hooks("flake8-nnx", plain=QUIET).returncode == 0
    halfway = hooks("flake8-nnx", half=HALFWAY)
    assert halfway.returncode == 1 and "src/half.py" in halfway.stdout and "Traceback" not in halfway.stdout


@pytest.mark.long
def test_hook_traps(hooks):
    trap = "from flax import nnx\n\nlayers = nnx.BatchStats\n"
    assert hooks("flake8-nnx-traps", mlp=LINEN).returncode == 0
    found = hooks("flake8-nnx-traps", trap=trap, mlp=LINEN)
    assert found.returncode == 1 and "NNX8" in found.stdout and "NNX1" not in found.stdout, found.stdout


@pytest.mark.long
def test_hook_migrate_writes_nothing(hooks):
    found = hooks("flake8-nnx-migrate", "manual", mlp=LINEN)
    assert "+class MLP(nnx.Module):" in found.stdout and "files were modified" not in found.stdout, found.stdout
    assert "Skipped" in hooks("flake8-nnx-migrate", "manual").stdout
    assert "nothing" not in hooks("flake8-nnx-migrate", mlp=LINEN).stdout


@pytest.mark.long
def test_hook_report(hooks):
    found = hooks("flake8-nnx-report", mlp=LINEN)
    assert found.returncode == 0 and "automatic" in found.stdout, found.stdout
