"""The plugin inside the real flake8, in a subprocess, as editors, hooks and CI run it."""
from __future__ import annotations

import ast
import gc
import importlib.util
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from flake8_nnx.lint import lint_source
from flake8_nnx.plugin import Plugin

MODEL = """\
import flax.linen as nn


class MLP(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.features)(x)
"""
FOUND = [("4", "11", "NNX103"), ("5", "5", "NNX104"), ("7", "6", "NNX101"), ("9", "16", "NNX110")]
TORCH = MODEL.replace("flax.linen", "torch.nn")
CHILD = """\
from mylib.layers import Base


class Child(Base):
    features: int  # of a flax module
"""


def flake8(folder: Path, *arguments: str, text: str | bytes = "") -> subprocess.CompletedProcess[str]:
    """Run flake8 in a folder with no configuration but what is there."""
    command = [sys.executable, "-m", "flake8", *arguments]
    data = text if isinstance(text, bytes) else text.encode()
    done = subprocess.run(command, cwd=folder, input=data, capture_output=True, timeout=120)
    result = subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())
    assert "Traceback" not in result.stderr, result.stderr
    return result


def places(output: str) -> list[tuple[str, str, str]]:
    """(line, column, code) of every line `path:line:column: code message`; columns from 1."""
    rows = [line.split(":", 3) for line in output.splitlines()]
    return [(line, column, rest.split()[0]) for _, line, column, rest in rows]


def ours(output: str) -> list[tuple[str, str, str]]:
    return [place for place in places(output) if place[2].startswith("NNX")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / ".flake8").write_text("[flake8]\n")
    return tmp_path


# ---- as it comes --------------------------------------------------------------------------------------------------


def test_findings_by_default(folder: Path) -> None:
    run = flake8(folder, "model.py")
    assert ours(run.stdout) == places(run.stdout) == FOUND
    assert run.returncode == 1


def test_message_carries_the_replacement(folder: Path) -> None:
    run = flake8(folder, "--select", "NNX110", "model.py")
    assert run.stdout == (
        "model.py:9:16: NNX110 nn.Dense(self.features) is lazy: "
        "create it in __init__ as self.dense = nnx.Linear(in_features, features, rngs=rngs)\n"
    )


def test_torch_look_alike_is_silent(folder: Path) -> None:
    (folder / "model.py").write_text(TORCH + "# not flax, not jax\n")
    assert flake8(folder, "--select", "NNX", "model.py").stdout == ""


def test_version_names_the_plugin(folder: Path) -> None:
    assert f"flake8-nnx: {Plugin.version}" in flake8(folder, "--version").stdout.replace("\n", " ")


# ---- choosing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "codes"),
    [
        (("--select", "NNX"), ["NNX103", "NNX104", "NNX101", "NNX110"]),
        (("--select", "NNX11"), ["NNX110"]),
        (("--select", "NNX101,NNX104"), ["NNX104", "NNX101"]),
        (("--select", "E,F"), []),
        (("--ignore", "NNX10"), ["NNX110"]),
        (("--extend-ignore", "NNX110,NNX103"), ["NNX104", "NNX101"]),
        (("--select", "E,F", "--extend-select", "NNX104"), ["NNX104"]),
        (("--select", "E,F", "--extend-select", "NNX2"), []),
        (("--per-file-ignores", "model.py:NNX1"), []),
        (("--per-file-ignores", "model.py:NNX110 other.py:NNX101"), ["NNX103", "NNX104", "NNX101"]),
        (("--disable-noqa",), ["NNX103", "NNX104", "NNX101", "NNX110"]),
    ],
)
def test_options_of_flake8(folder: Path, arguments: tuple[str, ...], codes: list[str]) -> None:
    run = flake8(folder, *arguments, "model.py")
    assert [code for _, _, code in ours(run.stdout)] == codes
    assert run.returncode == bool(codes)


NOQA = {
    "# noqa": True,
    "# noqa: NNX101": True,
    "# noqa: NNX1": True,
    "# noqa:NNX101": True,
    "# noqa: E501,NNX101": True,
    "# noqa: NNX101 since it is kept": True,
    "# noqa: NNX103": False,
    "# noqa: E501": False,
    "#noqa": False,
    "# nothing": False,
}


def test_noqa(folder: Path) -> None:
    for number, comment in enumerate(NOQA):
        (folder / f"noqa_{number}.py").write_text(MODEL.replace("@nn.compact", f"@nn.compact  {comment}"))
    found = Counter(line.split(":")[0].removeprefix("./") for line in flake8(folder, "--select", "NNX", ".").stdout.splitlines())
    assert found == {"model.py": 4} | {f"noqa_{i}.py": 3 if silent else 4 for i, silent in enumerate(NOQA.values())}


def test_noqa_of_the_whole_file(folder: Path) -> None:
    (folder / "model.py").write_text("# flake8: noqa\n" + MODEL)
    assert flake8(folder, "--select", "NNX", "model.py").stdout == ""


@pytest.mark.parametrize("name", ["setup.cfg", "tox.ini", ".flake8"])
def test_configuration_files(folder: Path, name: str) -> None:
    (folder / ".flake8").unlink()
    (folder / name).write_text("[flake8]\nselect = NNX\nper-file-ignores =\n    model.py: NNX10\n")
    assert [code for _, _, code in ours(flake8(folder, "model.py").stdout)] == ["NNX110"]


# ---- how flake8 is run --------------------------------------------------------------------------------------------


def test_parallel_run_finds_the_same(folder: Path) -> None:
    for number in range(12):
        (folder / f"copy_{number}.py").write_text(TORCH + "# flax\n" if number % 3 == 0 else MODEL)
    serial, parallel = (flake8(folder, "--select", "NNX", "-j", jobs, ".").stdout for jobs in ("1", "2"))
    assert sorted(serial.splitlines()) == sorted(parallel.splitlines())
    assert Counter(place[2] for place in places(parallel)) == dict.fromkeys(("NNX101", "NNX103", "NNX104", "NNX110"), 9)


def test_options_reach_parallel_workers(folder: Path) -> None:
    for number in range(4):
        (folder / f"child_{number}.py").write_text(CHILD)
    run = flake8(folder, "--select", "NNX", "-j", "2", "--nnx-module-classes", "mylib.layers.Base", "--exclude", "model.py", ".")
    assert Counter(place[2] for place in places(run.stdout)) == {"NNX104": 4}


def test_stdin(folder: Path) -> None:
    run = flake8(folder, "--select", "NNX", "--stdin-display-name", "src/model.py", "-", text=MODEL)
    assert ours(run.stdout) == FOUND
    assert all(line.startswith("src/model.py:") for line in run.stdout.splitlines())


def test_stdin_obeys_per_file_ignores_of_its_display_name(folder: Path) -> None:
    arguments = ("--select", "NNX", "--per-file-ignores", "model.py:NNX1", "--stdin-display-name", "model.py", "-")
    assert flake8(folder, *arguments, text=MODEL).stdout == ""


@pytest.mark.skipif(importlib.util.find_spec("bugbear") is None, reason="flake8-bugbear is not installed")
def test_next_to_bugbear(folder: Path) -> None:
    (folder / "model.py").write_text(MODEL + "\n\ndef f(x=[]):\n    return x\n")
    run = flake8(folder, "--select", "NNX,B", "model.py")
    assert [place for place in places(run.stdout) if place[2] != "B006"] == FOUND
    assert ("12", "9", "B006") in places(run.stdout)


# ---- --nnx-module-classes -----------------------------------------------------------------------------------------


def test_class_of_another_file_is_unknown_unless_named(folder: Path) -> None:
    (folder / "child.py").write_text(CHILD)
    assert flake8(folder, "--select", "NNX", "child.py").stdout == ""
    for names in ("mylib.layers.Base", "other.Thing,mylib.layers.Base", "other.Thing, mylib.layers.Base"):
        run = flake8(folder, "--select", "NNX", "--nnx-module-classes", names, "child.py")
        assert ours(run.stdout) == [("5", "5", "NNX104")]


@pytest.mark.parametrize("names", ["mylib.Base", "layers.Base", "Base", "mylib.layers", "mylib.layers.Base2"])
def test_other_names_do_not_match(folder: Path, names: str) -> None:
    (folder / "child.py").write_text(CHILD)
    assert flake8(folder, "--select", "NNX", "--nnx-module-classes", names, "child.py").stdout == ""


@pytest.mark.parametrize(
    ("name", "key"),
    [("setup.cfg", "nnx-module-classes"), ("tox.ini", "nnx-module-classes"), (".flake8", "nnx_module_classes")],
)
def test_module_classes_from_configuration(folder: Path, name: str, key: str) -> None:
    (folder / ".flake8").unlink()
    (folder / name).write_text(f"[flake8]\nselect = NNX\n{key} =\n    other.Thing\n    mylib.layers.Base\n")
    (folder / "child.py").write_text(CHILD)
    assert ours(flake8(folder, "child.py").stdout) == [("5", "5", "NNX104")]


def test_command_line_wins_over_configuration(folder: Path) -> None:
    (folder / ".flake8").write_text("[flake8]\nnnx-module-classes = mylib.layers.Base\n")
    (folder / "child.py").write_text(CHILD)
    assert flake8(folder, "--select", "NNX", "--nnx-module-classes", "other.Thing", "child.py").stdout == ""


def test_help_describes_the_option(folder: Path) -> None:
    assert "--nnx-module-classes" in flake8(folder, "--help").stdout


# ---- files that are hardly Python ---------------------------------------------------------------------------------


def test_syntax_error_is_left_to_flake8(folder: Path) -> None:
    (folder / "broken.py").write_text("import flax.linen as nn\nclass MLP(nn.Module:\n    pass\n")
    run = flake8(folder, "broken.py")
    assert [code for _, _, code in places(run.stdout)][:1] == ["E999"]
    assert ours(run.stdout) == []


def test_undecodable_file_is_left_to_flake8(folder: Path) -> None:
    (folder / "bytes.py").write_bytes(b"# -*- coding: utf-8 -*-\nimport flax.linen\nx = '\xff\xfe'\n")
    run = flake8(folder, "bytes.py", "model.py")
    assert ours(run.stdout) == FOUND
    assert "bytes.py" in run.stdout


@pytest.mark.parametrize("text", ["", "\n", "# flax\n", '"""flax and jax."""\n', "\ufeff# flax\n"])
def test_files_without_code(folder: Path, text: str) -> None:
    (folder / "empty.py").write_text(text)
    run = flake8(folder, "--select", "NNX", "empty.py")
    assert (run.stdout, run.stderr, run.returncode) == ("", "", 0)


def test_byte_order_mark_and_carriage_returns(folder: Path) -> None:
    (folder / "model.py").write_bytes(b"\xef\xbb\xbf" + MODEL.replace("\n", "\r\n").encode())
    assert ours(flake8(folder, "--select", "NNX", "model.py").stdout) == FOUND


# ---- the tree that flake8 shares with every plugin ----------------------------------------------------------------


def everything(tree: ast.AST) -> list[tuple[str, tuple[str, ...]]]:
    """Type and attribute names of every node, those that are no fields too."""
    return [(type(node).__name__, tuple(sorted(vars(node)))) for node in ast.walk(tree)]


@pytest.mark.parametrize("path", sorted((Path(__file__).parent / "lint").glob("nnx*.py")), ids=lambda path: path.stem)
def test_tree_is_left_as_it_was(path: Path) -> None:
    source = path.read_text()
    tree = ast.parse(source)
    before, attributes = ast.dump(tree, include_attributes=True), everything(tree)
    found = list(Plugin(tree, source.splitlines(keepends=True), str(path)).run())
    assert bool(found) == ("  # NNX" in source)
    assert ast.dump(tree, include_attributes=True) == before
    assert everything(tree) == attributes


def test_irrelevant_file_is_not_looked_at() -> None:
    lines = ["import torch.nn as nn\n", "class A(nn.Module): pass\n"]
    assert list(Plugin(ast.Module([], []), lines).run()) == []


HEAVY = "libcst numpy jax flax typer rich click"
IMPORTS = f"""
import sys
import flake8_nnx.plugin
assert not [name for name in sys.modules if name.startswith("flake8_nnx.rules")], "rules are loaded too early"
import flake8_nnx.rules, flake8_nnx.lint
print(*sorted(set({HEAVY.split()}) & set(sys.modules)))
"""


def test_loads_the_standard_library_only() -> None:
    run = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stdout, run.stderr) == (0, "\n", "")


# ---- the same comments outside flake8 -----------------------------------------------------------------------------


COMMENTED = [
    MODEL.replace("@nn.compact", "@nn.compact  # noqa: nnx101"),
    MODEL.replace("@nn.compact", "@nn.compact  #noqa"),
    MODEL.replace("@nn.compact", "@nn.compact  # noqa:NNX101"),
    MODEL.replace("@nn.compact", "@nn.compact  # noqa: NNX101 since it is kept"),
    MODEL.replace("@nn.compact", "@nn.compact  # noqa: kept"),
    MODEL.replace("@nn.compact", "@nn.compact  # noqa : NNX110"),
    MODEL.replace("int\n", "int = (\n        3\n    )  # noqa: NNX104\n"),
    MODEL.replace("int\n", "int = (  # noqa\n        3\n    )\n"),
    MODEL.replace("int\n", 'str = """\n    # noqa\n    """\n'),
    MODEL.replace("Dense(self.features)", "Dense(\n            self.features\n        )  # noqa: NNX110\n        "),
    "# flake8: noqa\n" + MODEL,
    "#flake8: noqa\n" + MODEL,
    MODEL + "x = 1  # flake8: noqa\n",
    MODEL + '"""\n# flake8: noqa\n"""\n',
]


def test_comments_mean_what_they_mean_to_flake8(folder: Path) -> None:
    for number, text in enumerate(COMMENTED):
        (folder / f"text_{number:02}.py").write_text(text)
    run = flake8(folder, "--select", "NNX", "--exclude", "model.py", ".")
    theirs = sorted(line.split(" ")[0].removeprefix("./") for line in run.stdout.splitlines())
    assert theirs == sorted(
        f"text_{number:02}.py:{f.line}:{f.col + 1}:"
        for number, text in enumerate(COMMENTED)
        for f in lint_source(text)
    )
    assert 0 < len(theirs) < 4 * len(COMMENTED)


def test_garbage_is_collected_again_after_a_file(monkeypatch):
    seen = []
    monkeypatch.setattr(Plugin, "findings", lambda self, source: seen.append(gc.isenabled()) or [])
    source = "import flax.linen as nn\n"
    assert gc.isenabled()
    assert list(Plugin(ast.parse(source), [source]).run()) == []
    assert seen == [False] and gc.isenabled()
    gc.disable()
    try:
        list(Plugin(ast.parse(source), [source]).run())
        assert not gc.isenabled()  # as it was
    finally:
        gc.enable()
